/** Which actions a task's state allows, as the API documents them. */
import type { RunStatus, TaskView } from '../../api';

export type Action = 'execute' | 'pause' | 'resume' | 'steer' | 'cancel' | 'retry' | 'budget' | 'edit' | 'delete';

const OPEN: readonly RunStatus[] = ['queued', 'running', 'paused', 'waiting', 'cancelling'];
const ENDED: readonly RunStatus[] = ['completed', 'failed', 'cancelled'];

export function isOpen(status: RunStatus): boolean {
  return OPEN.includes(status);
}

const STATES: Record<Action, readonly RunStatus[]> = {
  execute: ['draft'], pause: ['queued', 'running', 'waiting'], resume: ['paused'], steer: ['queued', 'running', 'paused', 'waiting'],
  cancel: ['draft', ...OPEN], retry: ['failed'], budget: ['draft', 'queued', 'running', 'paused', 'waiting'], edit: ['draft', 'queued'],
  delete: ['draft', ...ENDED],
};

/** Whether the task's state allows the action. A retry is left out if the API says that it can't help. */
export function allows(task: Pick<TaskView, 'status' | 'remedy'>, action: Action): boolean {
  if (action === 'retry' && task.remedy?.retry === false) return false;
  return STATES[action].includes(task.status);
}

import { useEffect, useEffectEvent } from 'react';
import type { TaskView } from '../../api';
import { isOpen } from './allowed';

const POLL_MS = 3000;

/** How a query about a task is kept up to date: by polling while the task is open. */
export function pollingOf(task: TaskView) {
  return { pollingInterval: isOpen(task.status) ? POLL_MS : 0, skipPollingIfUnfocused: true, refetchOnMountOrArgChange: true };
}

/** Ask once more when the task has changed its state, so that the last answers aren't missed when the polling ends. */
export function useKeptUp(task: TaskView, refetch: () => unknown, loaded: boolean): void {
  const ask = useEffectEvent(() => {
    if (loaded) refetch();
  });
  useEffect(() => ask(), [task.status]);
}

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskSpec } from '../../api';
import { fieldErrors } from '../../api/problems';
import { type Errors, specOf, type TaskForm } from './form';
import { planErrors } from './plan/plan';
import { useEstimate } from './useEstimate';

/** What is missing while someone is still typing isn't an error yet. */
const ONLY_WHEN_SENT = /^(goal|plan|plan\.\d+\.instruction)$/;

/** The API names the fields of a schedule's task `task.…`. */
function taskErrors(error: unknown): Errors {
  return Object.fromEntries(Object.entries(fieldErrors(error)).map(([name, text]) => [name.replace(/^task\./, ''), text]));
}

/** The state of a task's form: its fields, their errors, the task that it stands for and its estimate. */
export function useTaskForm(initial: TaskForm) {
  const { t } = useTranslation('new-task');
  const [form, setForm] = useState(initial);
  const [sent, setSent] = useState(false);
  const [rejected, setRejected] = useState<Errors>({});
  const translate = (name: string, values?: Record<string, unknown>) => t(name, values);
  const { spec, errors: wrong } = specOf(form, translate);
  const errors = { ...wrong, ...(form.mode === 'plan' ? planErrors(form.plan, translate) : {}) };
  const valid = Object.keys(errors).length === 0;
  const estimate = useEstimate(valid ? spec : undefined);
  const early = Object.fromEntries(Object.entries(errors).filter(([name]) => sent || !ONLY_WHEN_SENT.test(name)));
  return {
    form, estimate,
    errors: { ...taskErrors(estimate.error), ...rejected, ...early },
    change: (changes: Partial<TaskForm>) => {
      setForm((now) => ({ ...now, ...changes }));
      setRejected({});
    },
    /** Return the task, or undefined if fields have errors, which are shown from now on. */
    ready: (): TaskSpec | undefined => {
      setSent(true);
      return valid ? spec : undefined;
    },
    reject: (error: unknown) => setRejected(taskErrors(error)),
  };
}

/** What the form of a task holds, and the task that it stands for. */
import type { PlannedSubtask, SubtaskView, TaskSpec, TaskView } from '../../api';

export type Mode = 'planner' | 'agent' | 'plan';

export type TaskForm = {
  goal: string;
  title: string;
  mode: Mode;
  agent: string;
  plan: PlannedSubtask[];
  model: string;
  fallbacks: string[];
  images: string[];
  /** Numbers are kept as they are typed. */
  cost: string;
  tokens: string;
  calls: string;
  turns: string;
  outputTokens: string;
  priority: number;
  onFailure: NonNullable<TaskSpec['on_failure']>;
  retries: string;
  onTruncated: NonNullable<TaskSpec['on_truncated']>;
  subtasks: '' | 'child' | 'inline';
  schema: string;
  groups: string[];
};

export const EMPTY: TaskForm = {
  goal: '', title: '', mode: 'planner', agent: 'analyst', plan: [], model: '', fallbacks: [], images: [],
  cost: '', tokens: '', calls: '', turns: '', outputTokens: '', priority: 3, onFailure: 'fail', retries: '2',
  onTruncated: 'continue', subtasks: '', schema: '', groups: [],
};

/** The key of the only subtask of a task for one agent. */
const ONLY = 'answer';

/** Errors by the names that the API gives to fields, such as `plan.0.key`. */
export type Errors = Record<string, string>;

/** A message, or the name of one of the form's texts. */
export type Translate = (name: string, values?: Record<string, unknown>) => string;

function number(text: string): number | undefined {
  const trimmed = text.trim();
  return trimmed === '' ? undefined : Number(trimmed);
}

function whole(errors: Errors, t: Translate, field: string, text: string, min: number, max: number): number | undefined {
  const value = number(text);
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || value < min || value > max) {
    errors[field] = t('errors.whole', { min: min.toLocaleString('en-US'), max: max.toLocaleString('en-US') });
  }
  return value;
}

function budgetOf(form: TaskForm, errors: Errors, t: Translate): TaskSpec['budget'] {
  const usd = number(form.cost);
  if (usd !== undefined && !(usd >= 0.000001 && usd <= 10_000_000)) errors['budget.max_cost_micro_usd'] = t('errors.cost');
  const tokens = whole(errors, t, 'budget.max_tokens', form.tokens, 1, 1_000_000_000_000);
  const calls = whole(errors, t, 'budget.max_model_calls', form.calls, 1, 1_000_000);
  if (usd === undefined && tokens === undefined && calls === undefined) return undefined;
  return {
    ...(usd !== undefined && { max_cost_micro_usd: Math.round(usd * 1_000_000) }),
    ...(tokens !== undefined && { max_tokens: tokens }),
    ...(calls !== undefined && { max_model_calls: calls }),
  };
}

function schemaOf(form: TaskForm, errors: Errors, t: Translate): TaskSpec['output_schema'] {
  if (form.schema.trim() === '') return undefined;
  try {
    const schema: unknown = JSON.parse(form.schema);
    if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return schema as TaskSpec['output_schema'];
  } catch {
    // Explained below.
  }
  errors.output_schema = t('errors.schema');
  return undefined;
}

function planOf(form: TaskForm): PlannedSubtask[] | undefined {
  if (form.mode === 'agent') return [{ key: ONLY, agent: form.agent, instruction: form.goal.trim() }];
  return form.mode === 'plan' ? form.plan : undefined;
}

/** Return the task that a form stands for, without what is left at its default, and the errors of its fields. */
export function specOf(form: TaskForm, t: Translate): { spec: TaskSpec; errors: Errors } {
  const errors: Errors = {};
  const goal = form.goal.trim();
  if (goal === '') errors.goal = t('errors.goal');
  if (goal.length > 100_000) errors.goal = t('errors.long');
  if (form.mode === 'agent' && goal.length > 20_000) errors.goal = t('errors.longForAgent');
  const turns = whole(errors, t, 'limits.max_turns', form.turns, 1, 1000);
  const output = whole(errors, t, 'limits.max_output_tokens', form.outputTokens, 16, 131_072);
  const retries = form.onFailure === 'retry' ? whole(errors, t, 'max_retries', form.retries, 0, 5) : undefined;
  const budget = budgetOf(form, errors, t);
  const schema = schemaOf(form, errors, t);
  const plan = planOf(form);
  const spec: TaskSpec = {
    goal,
    ...(form.title.trim() && { title: form.title.trim() }),
    ...(plan && { plan }),
    ...(form.model && { model: form.model }),
    ...(form.fallbacks.length > 0 && { fallbacks: form.fallbacks }),
    ...(form.images.length > 0 && { images: form.images }),
    ...(budget && { budget }),
    ...((turns ?? output) !== undefined && {
      limits: { ...(turns !== undefined && { max_turns: turns }), ...(output !== undefined && { max_output_tokens: output }) },
    }),
    ...(form.priority !== 3 && { priority: form.priority }),
    ...(form.onFailure !== 'fail' && { on_failure: form.onFailure }),
    ...(retries !== undefined && retries !== 2 && { max_retries: retries }),
    ...(form.onTruncated !== 'continue' && { on_truncated: form.onTruncated }),
    ...(form.subtasks && { subtasks: form.subtasks }),
    ...(schema && { output_schema: schema }),
  };
  return { spec, errors };
}

const text = (value: number | null | undefined): string => (value === null || value === undefined ? '' : String(value));

/** Return the form of a task that is stored, such as that of a schedule. */
export function formOf(spec: TaskSpec): TaskForm {
  const plan = spec.plan ?? [];
  const only = plan.length === 1 && plan[0]?.key === ONLY && plan[0].instruction === spec.goal ? plan[0] : undefined;
  const cost = spec.budget?.max_cost_micro_usd;
  return {
    ...EMPTY,
    goal: spec.goal,
    title: spec.title ?? '',
    mode: only ? 'agent' : plan.length > 0 ? 'plan' : 'planner',
    agent: only?.agent ?? EMPTY.agent,
    plan: only ? [] : plan,
    model: spec.model ?? '',
    fallbacks: spec.fallbacks ?? [],
    images: spec.images ?? [],
    cost: cost ? String(cost / 1_000_000) : '',
    tokens: text(spec.budget?.max_tokens),
    calls: text(spec.budget?.max_model_calls),
    turns: spec.limits?.max_turns === 20 ? '' : text(spec.limits?.max_turns),
    outputTokens: text(spec.limits?.max_output_tokens),
    priority: spec.priority ?? 3,
    onFailure: spec.on_failure ?? 'fail',
    retries: String(spec.max_retries ?? 2),
    onTruncated: spec.on_truncated ?? 'continue',
    subtasks: spec.subtasks ?? '',
    schema: spec.output_schema ? JSON.stringify(spec.output_schema, null, 2) : '',
  };
}

/** Return a form for a copy of a task. The task doesn't say who wrote its plan, so the caller decides whether to use it. */
export function copyOf(task: TaskView, subtasks: readonly SubtaskView[]): TaskForm {
  const top = subtasks.filter(({ path }) => !path.includes('/'));
  const split = new Set(subtasks.filter(({ path }) => path.includes('/')).map(({ path }) => path.split('/')[0]));
  const plan = top.map(({ key, title, instruction, agent, depends_on }): PlannedSubtask => ({
    key, title, instruction, agent, depends_on, decompose: split.has(key),
  }));
  const { goal, title, model, fallbacks, images, budget, priority, on_failure, on_truncated } = task;
  const form = formOf({ goal, title, model, fallbacks, images, budget, priority, on_failure, on_truncated, subtasks: task.subtasks, plan });
  return form.mode === 'plan' ? { ...form, mode: 'planner' } : form;
}

/** The options that differ from their defaults, as names of texts, for the summary of what is folded. */
export function changedOptions(form: TaskForm): string[] {
  const changed: [string, boolean][] = [
    ['title', form.title !== ''], ['images', form.images.length > 0],
    ['fallbacks', form.fallbacks.length > 0], ['limits', form.turns !== '' || form.outputTokens !== ''],
    ['priority', form.priority !== 3], ['onFailure', form.onFailure !== 'fail'],
    ['onTruncated', form.onTruncated !== 'continue'], ['subtasks', form.subtasks !== ''],
    ['schema', form.schema.trim() !== ''], ['groups', form.groups.length > 0],
    ['tokens', form.tokens !== ''], ['calls', form.calls !== ''],
  ];
  return changed.filter(([, is]) => is).map(([name]) => name);
}

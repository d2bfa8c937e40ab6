/** Checks, text and layout of a plan that a user writes. */
import type { PlannedSubtask } from '../../../api';
import type { Errors, Translate } from '../form';

const KEY = /^[a-z0-9][a-z0-9_-]{0,39}$/;
export const MAX_SUBTASKS = 200;
const FIELDS = new Set(['key', 'title', 'instruction', 'agent', 'depends_on', 'decompose', 'output_schema']);

/** Return a cycle of dependencies as keys, first and last the same, or undefined. */
export function cycleOf(plan: readonly PlannedSubtask[]): string[] | undefined {
  const needs = new Map(plan.map(({ key, depends_on }) => [key, depends_on ?? []]));
  const done = new Set<string>();
  const visit = (key: string, trail: string[]): string[] | undefined => {
    const at = trail.indexOf(key);
    if (at >= 0) return [...trail.slice(at), key];
    if (done.has(key)) return undefined;
    for (const each of needs.get(key) ?? []) {
      const found = visit(each, [...trail, key]);
      if (found) return found;
    }
    done.add(key);
    return undefined;
  };
  for (const { key } of plan) {
    const found = visit(key, []);
    if (found) return found;
  }
  return undefined;
}

/** Return the errors of a plan by field, as the API names fields. */
export function planErrors(plan: readonly PlannedSubtask[], t: Translate): Errors {
  if (plan.length === 0) return { plan: t('errors.noPlan') };
  const errors: Errors = {};
  const seen = new Set<string>();
  const keys = new Set(plan.map(({ key }) => key));
  plan.forEach(({ key, instruction, depends_on }, index) => {
    if (!KEY.test(key)) errors[`plan.${index}.key`] = t('errors.key');
    else if (seen.has(key)) errors[`plan.${index}.key`] = t('errors.sameKey', { key });
    seen.add(key);
    if (instruction.trim() === '') errors[`plan.${index}.instruction`] = t('errors.instruction');
    const unknown = (depends_on ?? []).filter((each) => !keys.has(each));
    if (unknown.length > 0) errors[`plan.${index}.depends_on`] = t('errors.unknownKey', { key: unknown[0] });
  });
  const cycle = cycleOf(plan);
  if (cycle) errors[`plan.${plan.findIndex(({ key }) => key === cycle[0])}.depends_on`] ??= t('errors.cycle', { cycle: cycle.join(' → ') });
  if (plan.length > MAX_SUBTASKS) errors.plan = t('errors.tooMany', { max: MAX_SUBTASKS });
  return errors;
}

/** Read a plan from JSON: a list of subtasks, or an object with one in `plan`. Throws an error with a text for the user. */
export function parsePlan(text: string, t: Translate): PlannedSubtask[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(t('errors.json', { why: (error as Error).message }), { cause: error });
  }
  const list: unknown = Array.isArray(read) ? read : (read as { plan?: unknown } | null)?.plan;
  if (!Array.isArray(list)) throw new Error(t('errors.planShape'));
  return list.map((each: unknown, index) => {
    if (typeof each !== 'object' || each === null) throw new Error(t('errors.subtaskShape', { number: index + 1 }));
    const subtask = each as Record<string, unknown>;
    const unknown = Object.keys(subtask).find((name) => !FIELDS.has(name));
    if (unknown) throw new Error(t('errors.unknownField', { number: index + 1, name: unknown, known: [...FIELDS].join(', ') }));
    const { key, instruction, depends_on = [] } = subtask;
    const texts = typeof key === 'string' && typeof instruction === 'string';
    if (!texts || !Array.isArray(depends_on) || depends_on.some((name) => typeof name !== 'string')) {
      throw new Error(t('errors.subtaskShape', { number: index + 1 }));
    }
    return subtask as PlannedSubtask;
  });
}

/** Return a key that no subtask has yet. */
export function freeKey(plan: readonly PlannedSubtask[]): string {
  const keys = new Set(plan.map(({ key }) => key));
  let number = plan.length + 1;
  while (keys.has(`step-${number}`)) number += 1;
  return `step-${number}`;
}

/** Give a subtask another key, in what depends on it too. */
export function withKey(plan: readonly PlannedSubtask[], index: number, key: string): PlannedSubtask[] {
  const old = plan[index]?.key;
  const others = plan.some((each, at) => at !== index && each.key === old);
  return plan.map((each, at) => {
    if (at === index) return { ...each, key };
    if (others || !each.depends_on?.includes(old ?? '')) return each;
    return { ...each, depends_on: each.depends_on.map((name) => (name === old ? key : name)) };
  });
}

export type Placed = { subtask: PlannedSubtask; index: number; layer: number; row: number };

/** Place subtasks in layers: each stands after everything it depends on. Subtasks of a cycle stand where the cycle was entered. */
export function layersOf(plan: readonly PlannedSubtask[]): Placed[] {
  const byKey = new Map(plan.map((subtask) => [subtask.key, subtask]));
  const layers = new Map<string, number>();
  const layerOf = (key: string, trail: ReadonlySet<string>): number => {
    const known = layers.get(key);
    if (known !== undefined) return known;
    if (trail.has(key)) return -1;
    const inner = new Set(trail).add(key);
    const needs = (byKey.get(key)?.depends_on ?? []).filter((each) => byKey.has(each));
    const layer = 1 + Math.max(-1, ...needs.map((each) => layerOf(each, inner)));
    layers.set(key, layer);
    return layer;
  };
  const rows = new Map<number, number>();
  return plan.map((subtask, index) => {
    const layer = layerOf(subtask.key, new Set());
    const row = rows.get(layer) ?? 0;
    rows.set(layer, row + 1);
    return { subtask, index, layer, row };
  });
}

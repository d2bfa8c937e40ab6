import { describe, expect, test } from 'vitest';
import type { SubtaskView, TaskView } from '../../src/api';
import { fold } from '../../src/live/fold';
import type { EventFrame, RunEvent } from '../../src/live/frames';
import { type Node, NOTHING, type Picture } from '../../src/live/picture';
import failed from './fail.json';
import planned from './plan.json';

// Recorded from a real API: one with tools, delegation, a budget and a question, one that fails and is retried.
type Recording = { task: TaskView; subtasks: SubtaskView[]; frames: EventFrame[] };
const RECORDINGS = { planned: planned as unknown as Recording, failed: failed as unknown as Recording };

/** A picture without maps, so that differences are shown by name. */
const plain = (picture: Picture) => ({ ...picture, nodes: Object.fromEntries(picture.nodes) });

/** Number some events as the server does, and fold them. */
function after(...events: RunEvent[]): Picture {
  return fold(NOTHING, events.map((event, place) => ({ type: 'event', run_id: 'r', seq: place + 1, at: `t${place + 1}`, event })));
}
const node = (picture: Picture, path: string): Node => {
  const found = picture.nodes.get(path);
  if (found === undefined) throw new Error(`There is no node ${path}.`);
  return found;
};

const PLAN: RunEvent = {
  type: 'plan.created', path: '',
  subtasks: [
    { key: 'a', agent: 'analyst', title: 'First', depends_on: [], decompose: false },
    { key: 'b', agent: 'writer', title: '', depends_on: ['a'], decompose: true },
  ],
};
const STARTED: RunEvent = { type: 'run.started', path: '' };
const called = (path: string, attempt = 1, step = 1): RunEvent => ({ type: 'model_call.started', path, step, attempt, purpose: 'turn', agent: 'analyst', model: 'simulator/slow', simulated: true });
const answered = (path: string, cost = 5): RunEvent => ({ type: 'model_call.finished', path, step: 1, attempt: 1, purpose: 'turn', preview: '', tool_calls: [], input_tokens: 2, output_tokens: 3, cost_micro_usd: cost });
const asked = (path: string, id: string): RunEvent => ({ type: 'approval.requested', path, approval_id: id, kind: 'tool_call', index: 0, tool: 'send_mail', reason: 'policy', preview: '{}' });
const decided = (path: string, id: string): RunEvent => ({ type: 'approval.decided', path, approval_id: id, kind: 'tool_call', status: 'approved' });

describe.each(Object.entries(RECORDINGS))('the recorded run “%s”', (_, { frames, task, subtasks }) => {
  const whole = fold(NOTHING, frames);

  test('gives the same picture in any portions, and with events that come twice', () => {
    for (let k = 0; k <= frames.length; k++) {
      const overlapping = frames.slice(Math.max(0, k - 3));
      expect(plain(fold(fold(NOTHING, frames.slice(0, k)), overlapping))).toEqual(plain(whole));
    }
  });

  test('ends as the API says it has ended', () => {
    expect(node(whole, '').status).toBe(task.status);
    expect(whole).toMatchObject({ total: task.subtasks_total, done: task.subtasks_done, retries: task.retries ?? 0, seq: task.last_seq, pending: 0 });
    for (const subtask of subtasks)
      expect(node(whole, subtask.path)).toMatchObject({ status: subtask.status, agent: subtask.agent, calls: subtask.turns, costMicroUsd: subtask.spent_micro_usd });
    const cost = [...whole.nodes.values()].reduce((sum, each) => sum + each.costMicroUsd, 0);
    expect(cost).toBe(task.spent_micro_usd);
  });

  test('agrees with what is loaded at its end', () => {
    const loaded = fold(NOTHING, [{ type: 'snapshot', seq: task.last_seq, task, subtasks }]);
    expect(loaded).toMatchObject({ seq: whole.seq, total: whole.total, done: whole.done, retries: whole.retries, hasEnded: whole.hasEnded });
    for (const [path, { status, costMicroUsd, inputTokens, children, dependsOn }] of whole.nodes) {
      const { children: theirs, ...rest } = node(loaded, path);
      expect(rest).toMatchObject({ status, costMicroUsd, inputTokens, dependsOn });
      expect([...theirs].sort()).toEqual([...children].sort());
    }
  });

  test('continues from a snapshot at any place to the same states', () => {
    for (let k = 1; k < frames.length; k++) {
      const there = fold(NOTHING, frames.slice(0, k));
      const before = [...there.nodes.values()].filter(({ path }) => path !== '');
      const view = before.map((each) => asStored(each));
      const root = node(there, '');
      const snapshot = { ...task, status: root.status, started_at: root.startedAt, ended_at: root.endedAt, error_code: root.error?.code ?? null, waiting: null, approvals_pending: there.pending, retries: there.retries } as TaskView;
      const budget = there.budget && { kind: 'budget' as const, ...there.budget, remedy: {} };
      const loaded = fold(NOTHING, [{ type: 'snapshot', seq: k, task: { ...snapshot, waiting: budget } as TaskView, subtasks: view }]);
      const end = fold(loaded, frames.slice(k));
      expect([...end.nodes.values()].map(({ path, status }) => [path, status]).sort()).toEqual([...whole.nodes.values()].map(({ path, status }) => [path, status]).sort());
      expect(end).toMatchObject({ done: whole.done, total: whole.total, pending: 0, budget: null });
    }
  });
});

function asStored(each: Node): SubtaskView {
  return {
    path: each.path, key: each.key, title: each.title, agent: each.agent, depends_on: [...each.dependsOn], instruction: '', status: each.status as SubtaskView['status'],
    started_at: each.startedAt, ended_at: each.endedAt, error: each.error?.message ?? null, error_code: each.error?.code ?? null, result: null,
    spent_micro_usd: each.costMicroUsd, turns: each.calls, usage: { input_tokens: each.inputTokens, output_tokens: each.outputTokens },
  };
}

describe('the picture', () => {
  test('knows a plan, and what depends on what', () => {
    const picture = after(PLAN, STARTED);
    expect(node(picture, '')).toMatchObject({ status: 'running', children: ['a', 'b'], startedAt: 't2' });
    expect(node(picture, 'b')).toMatchObject({ agent: 'writer', dependsOn: ['a'], decompose: true, status: 'pending' });
    expect(picture.total).toBe(2);
  });

  test('replaces the subtasks of an earlier plan that never began', () => {
    const other: RunEvent = { ...PLAN, subtasks: [{ key: 'c', agent: 'analyst', title: '', depends_on: [], decompose: false }] } as RunEvent;
    const picture = after(PLAN, { type: 'subtask.started', path: 'a', agent: 'analyst' }, other);
    expect(node(picture, '').children).toEqual(['a', 'c']);
    expect(picture.total).toBe(2);
  });

  test('takes a lost and a failed attempt back, and says why', () => {
    const lost = node(after(PLAN, called('a'), called('a', 2)), 'a');
    expect(lost).toMatchObject({ call: { attempt: 2, state: 'running' }, retaken: [{ attempt: 1, code: 'lost' }] });
    const failure: RunEvent = { type: 'model_call.failed', path: 'a', step: 1, attempt: 1, purpose: 'turn', code: 'stalled', message: 'It stalled.', retryable: true };
    const failing = after(PLAN, called('a'), failure);
    expect(node(failing, 'a').call).toMatchObject({ state: 'failed', message: 'It stalled.' });
    expect(node(after(PLAN, called('a'), failure, called('a', 2)), 'a').retaken).toMatchObject([{ code: 'stalled' }]);
    expect(node(after(PLAN, called('a'), answered('a'), called('a', 1, 2)), 'a').retaken).toEqual([]);
  });

  test('adds up calls, tokens and cost, and marks what the simulator wrote', () => {
    const picture = after(PLAN, STARTED, called('a'), answered('a', 5), called('a', 1, 2), answered('a', 7));
    expect(node(picture, 'a')).toMatchObject({ calls: 2, inputTokens: 4, outputTokens: 6, costMicroUsd: 12, simulated: true, call: null });
    expect(node(picture, '').simulated).toBe(true);
  });

  test('shows tools while they run', () => {
    const started: RunEvent = { type: 'tool_call.started', path: 'a', step: 1, index: 0, tool: 'search', preview: '{}' };
    const finished: RunEvent = { type: 'tool_call.finished', path: 'a', step: 1, index: 0, tool: 'search', failed: false, preview: '' };
    expect(node(after(PLAN, started, { ...started, attempt: 2 } as RunEvent), 'a').tools).toHaveLength(1);
    expect(node(after(PLAN, started, finished), 'a')).toMatchObject({ tools: [], toolCalls: 1 });
  });

  test('waits for people until all have decided', () => {
    expect(node(after(PLAN, STARTED, asked('a', '1'), asked('b', '2'), decided('a', '1')), '').status).toBe('waiting');
    const picture = after(PLAN, STARTED, asked('a', '1'), asked('a', '1'), decided('a', '1'), decided('a', '1'));
    expect(picture.pending).toBe(0);
    expect(node(picture, '').status).toBe('running');
  });

  test('is paused before it waits, and goes on', () => {
    const reached: RunEvent = { type: 'budget.reached', path: '', limit: 'max_tokens', message: 'Full.', needed: 9 };
    const waiting = after(STARTED, reached);
    expect(waiting.budget).toMatchObject({ limit: 'max_tokens', needed: 9 });
    expect(node(waiting, '').status).toBe('waiting');
    expect(node(after(STARTED, reached, { type: 'run.paused', path: '' }), '').status).toBe('paused');
    expect(node(after(STARTED, reached, { type: 'run.paused', path: '' }, { type: 'run.resumed', path: '' }), '').status).toBe('running');
    expect(node(after(STARTED, { type: 'run.paused', path: '' }, { type: 'run.cancelling', path: '' }), '').status).toBe('cancelling');
  });

  test('leaves nothing in flight at the end', () => {
    const ended = after(PLAN, STARTED, called(''), asked('a', '1'), { type: 'subtask.cancelled', path: 'a' }, { type: 'subtask.cancelled', path: 'b' }, { type: 'run.cancelled', path: '' });
    expect(ended).toMatchObject({ hasEnded: true, pending: 0, done: 0, total: 2 });
    expect(node(ended, '')).toMatchObject({ status: 'cancelled', call: null });
    expect(node(ended, 'a').waits).toEqual([]);
  });

  test('begins again after a retry', () => {
    const fail: RunEvent = { type: 'subtask.failed', path: 'a', code: 'wrong_key', message: 'No.' };
    const picture = after(PLAN, STARTED, fail, { type: 'run.failed', path: '', code: 'wrong_key', message: 'No.' }, { type: 'run.retried', path: '', paths: ['a'] }, called('a', 2));
    expect(picture).toMatchObject({ hasEnded: false, retries: 1, done: 0 });
    expect(node(picture, '')).toMatchObject({ status: 'running', error: null });
    expect(node(picture, 'a')).toMatchObject({ status: 'running', error: null });
  });

  test('counts events that it does not know, and keeps nodes that did not change', () => {
    const before = after(PLAN, STARTED);
    const next = fold(before, [{ type: 'event', run_id: 'r', seq: 3, at: '', event: { type: 'news', path: 'a' } as unknown as RunEvent }]);
    expect(next.seq).toBe(3);
    expect(node(next, 'a')).toBe(node(before, 'a'));
  });
});

import { describe, expect, it } from 'vitest';
import type { Frame, RunEvent } from '../../../src/live/frames';
import { fold, NOTHING } from '../../../src/pages/chat/reply/picture';

let seq = 0;
const happens = (event: RunEvent): Frame => ({ type: 'event', run_id: 'r', seq: ++seq, at: '2026-12-01T00:00:00Z', event });
const begins = (step: number, attempt: number) =>
  happens({ type: 'model_call.started', path: '', step, attempt, purpose: 'turn', agent: 'a', model: 'm', simulated: true });
const writes = (step: number, attempt: number, offset: number, text: string): Frame => ({
  type: 'tokens', run_id: 'r', path: '', purpose: 'turn', step, attempt, offset, text,
});
const picture = (...frames: Frame[]) => frames.reduce(fold, NOTHING);
const textOf = (...frames: Frame[]) => picture(...frames).steps.map(({ text }) => text);

describe('the text of a reply', () => {
  it('grows by pieces', () => {
    expect(textOf(begins(1, 1), writes(1, 1, 0, 'Tea '), writes(1, 1, 4, 'is hot'))).toEqual(['Tea is hot']);
  });

  it('ignores what arrives twice, also in part', () => {
    expect(textOf(begins(1, 1), writes(1, 1, 0, 'Tea '), writes(1, 1, 0, 'Tea '), writes(1, 1, 2, 'a is'))).toEqual(['Tea is']);
  });

  it('counts characters like the server', () => {
    expect(textOf(begins(1, 1), writes(1, 1, 0, '🍵🍵'), writes(1, 1, 2, ' tea'))).toEqual(['🍵🍵 tea']);
  });

  it('waits after a gap, and continues when the missing piece arrives', () => {
    const before = [begins(1, 1), writes(1, 1, 0, 'Tea '), writes(1, 1, 7, 'hot')];
    expect(textOf(...before)).toEqual(['Tea ']);
    expect(textOf(...before, writes(1, 1, 0, 'Tea is hot'))).toEqual(['Tea is hot']);
  });

  it('is taken back by another attempt, and late pieces of the old one change nothing', () => {
    const frames = [begins(1, 1), writes(1, 1, 0, 'Coff'), begins(1, 2), writes(1, 1, 4, 'ee'), writes(1, 2, 0, 'Tea')];
    expect(textOf(...frames)).toEqual(['Tea']);
    expect(picture(...frames).steps[0]?.attempt).toBe(2);
  });

  it('may arrive before the event of its call', () => {
    expect(textOf(writes(1, 2, 0, 'Tea'), begins(1, 2), writes(1, 2, 3, '!'))).toEqual(['Tea!']);
  });

  it('leaves out what other agents write', () => {
    expect(textOf(begins(1, 1), { ...writes(1, 1, 0, 'secret'), path: 'root.1' } as Frame)).toEqual(['']);
  });
});

it('a tool call waits, runs and fails in its step', () => {
  const begun = begins(1, 1);
  const asks = happens({ type: 'approval.requested', path: '', step: 1, approval_id: 'p', kind: 'tool_call', index: 0, tool: 'mail', reason: 'r', preview: '{"to"' });
  const before = picture(begun, asks);
  expect(before.approvals).toEqual(['p']);
  expect(before.steps[0]?.calls[0]).toMatchObject({ tool: 'mail', state: 'waiting', arguments: '{"to"' });
  const decided = fold(before, happens({ type: 'approval.decided', path: '', approval_id: 'p', kind: 'tool_call', status: 'approved' }));
  const after = fold(decided, happens({ type: 'tool_call.finished', path: '', step: 1, index: 0, tool: 'mail', failed: true, preview: 'No such address' }));
  expect(after.approvals).toEqual([]);
  expect(after.steps[0]?.calls).toEqual([{ index: 0, tool: 'mail', state: 'failed', arguments: '{"to"', result: 'No such address' }]);
});

it('an event that arrives twice counts once', () => {
  const begun = begins(1, 1);
  const asks = happens({ type: 'approval.requested', path: '', step: 1, approval_id: 'p', kind: 'question', index: 0, tool: 'ask_person', reason: '', preview: 'Color?' });
  expect(picture(begun, asks, asks).approvals).toEqual(['p']);
});

it('a reply waits for its budget until the limit is raised', () => {
  const reached = picture(happens({ type: 'budget.reached', path: '', limit: 'max_cost_micro_usd', message: 'Too low', needed: 500 }));
  expect(reached.budget).toEqual({ limit: 'max_cost_micro_usd', message: 'Too low', needed: 500, until: null });
  expect(fold(reached, happens({ type: 'budget.raised', path: '', max_cost_micro_usd: 900, max_tokens: null, max_model_calls: null })).budget).toBeNull();
});

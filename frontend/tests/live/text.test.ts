import { expect, test, vi } from 'vitest';
import type { EventFrame, Frame, RunEvent } from '../../src/live/frames';
import { TextStore } from '../../src/live/text';

const started = (attempt = 1, step = 1): Frame => event({ type: 'model_call.started', purpose: 'turn', agent: 'a', model: 'm/m', simulated: false, path: 'x', step, attempt });
const event = (event: RunEvent): EventFrame => ({ type: 'event', run_id: 'r', seq: 1, at: '', event });
const piece = (offset: number, text: string, attempt = 1, step = 1): Frame => ({ type: 'tokens', run_id: 'r', path: 'x', purpose: 'turn', step, attempt, offset, text });

function after(...frames: Frame[]) {
  const store = new TextStore();
  for (const frame of frames) store.take(frame);
  return store.get('r', 'x');
}

test('appends pieces, and ignores text that it has', () => {
  expect(after(started(), piece(0, 'Tea'), piece(3, ' and'), piece(0, 'Tea and'), piece(5, 'nd coffee'))).toMatchObject({ text: 'Tea and coffee', length: 14 });
});

test('counts code points as the server does', () => {
  expect(after(started(), piece(0, 'a😀'), piece(2, 'b'), piece(1, '😀bc'))).toMatchObject({ text: 'a😀bc', length: 4 });
});

test('stops at a missing piece', () => {
  expect(after(started(), piece(0, 'Tea'), piece(9, 'coffee'))).toMatchObject({ text: 'Tea', hasGap: true });
});

test('takes the text of earlier attempts back, and says why', () => {
  const lost = after(started(), piece(0, 'Tea'), started(2), piece(0, 'Cof', 2));
  expect(lost).toMatchObject({ text: 'Cof', attempt: 2, takenBack: [{ attempt: 1, code: 'lost' }] });
  const failed = event({ type: 'model_call.failed', purpose: 'turn', code: 'stalled', message: '', retryable: true, path: 'x', step: 1, attempt: 1 });
  expect(after(started(), piece(0, 'Tea'), failed, started(2))).toMatchObject({ text: '', takenBack: [{ attempt: 1, code: 'stalled' }] });
  expect(after(started(), piece(0, 'Tea'), started(2), piece(3, ' late', 1))).toMatchObject({ text: '' });
});

test('begins anew with each step, even if its text overtakes its event', () => {
  expect(after(started(), piece(0, 'One'), piece(0, 'Two', 1, 2))).toMatchObject({ text: 'Two', step: 2, takenBack: [] });
  expect(after(started(), piece(0, 'One'), piece(0, 'Two', 1, 2), started(1, 2))).toMatchObject({ text: 'Two' });
});

test('keeps the text of a finished call, and adds nothing to it', () => {
  const finished = event({ type: 'model_call.finished', purpose: 'turn', preview: '', tool_calls: [], input_tokens: 1, output_tokens: 1, cost_micro_usd: 0, path: 'x', step: 1, attempt: 1 });
  expect(after(started(), piece(0, 'Tea'), finished, piece(3, '!'))).toMatchObject({ text: 'Tea', state: 'finished' });
});

test('calls listeners of one node, once a frame', async () => {
  const store = new TextStore();
  const [own, other] = [vi.fn(), vi.fn()];
  store.subscribe('r', 'x', own);
  store.subscribe('r', 'y', other);
  for (let i = 0; i < 50; i++) store.take(piece(i, '.'));
  await vi.waitFor(() => expect(own).toHaveBeenCalledTimes(1));
  expect(other).not.toHaveBeenCalled();
  expect(store.get('r', 'x')?.length).toBe(50);
});

import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Frame } from '../../src/live/frames';
import { Live, MAX_TOPICS } from '../../src/live/socket';
import { FakeServer } from '../line';

let server: FakeServer;
let tickets: (string | null)[];
let hasEnded: boolean;
let live: Live;

beforeEach(() => {
  server = new FakeServer();
  tickets = [];
  hasEnded = false;
  live = new Live({
    connect: server.connect,
    ticket: async () => (tickets.length > 0 ? (tickets.shift() ?? null) : 'ticket'),
    onEnd: () => { hasEnded = true; },
  });
});

const isLive = () => vi.waitFor(() => expect(live.connection().state).toBe('live'));

function follow(topic: string, after: number | string | null = null) {
  const frames: Frame[] = [];
  const stop = live.subscribe(topic, { after, onFrame: (frame) => frames.push(frame) });
  return { frames, stop };
}

const event = (topic: string, seq: number) => ({ type: 'event', topic, run_id: 'r', seq, at: '', event: { type: 'run.paused', path: '' } });

describe('the socket', () => {
  test('follows a topic after the sign-in, and ends with its last follower', async () => {
    const first = follow('run:r', 3);
    const second = follow('tasks');
    await isLive();
    expect(server.sent).toEqual([{ type: 'subscribe', topic: 'run:r', after: 3 }, { type: 'subscribe', topic: 'tasks' }]);
    server.push(event('run:r', 4));
    expect(first.frames).toHaveLength(1);
    expect(second.frames).toHaveLength(0);
    first.stop();
    expect(server.sent.at(-1)).toEqual({ type: 'unsubscribe', topic: 'run:r' });
    expect(live.connection().state).toBe('live');
    second.stop();
    expect(live.connection().state).toBe('idle');
  });

  test('continues after a lost connection where it was, and gives the reason meanwhile', async () => {
    follow('run:r');
    follow('tasks');
    follow('agents');
    await isLive();
    server.push({ type: 'subscribed', topic: 'tasks', cursor: 'c1' }, event('run:r', 1), event('run:r', 2));
    server.push({ type: 'changes', topic: 'tasks', cursor: 'c2', changes: [] }, { type: 'state', topic: 'agents', agents: [], removed: [] });
    server.cut(4408, 'The client is reading too slowly.');
    expect(live.connection()).toEqual({ state: 'away', reason: 'The client is reading too slowly.' });
    server.sent = [];
    await server.restore();
    await isLive();
    expect(server.sent).toEqual([
      { type: 'subscribe', topic: 'run:r', after: 2 },
      { type: 'subscribe', topic: 'tasks', after: 'c2' },
      { type: 'subscribe', topic: 'agents' },
    ]);
  });

  test('does not follow ended runs again', async () => {
    follow('run:r');
    follow('tasks');
    await isLive();
    server.push(event('run:r', 1), { type: 'ended', topic: 'run:r' });
    server.cut();
    server.sent = [];
    await server.restore();
    await isLive();
    expect(server.sent.map(({ topic }) => topic)).toEqual(['tasks']);
  });

  test('lets a second follower of a list in at the present, and of a run at its beginning', async () => {
    follow('tasks');
    follow('run:r');
    await isLive();
    server.push(event('run:r', 1));
    server.sent = [];
    const list = follow('tasks');
    expect(server.sent).toEqual([]);
    follow('run:r');
    expect(server.sent).toEqual([{ type: 'unsubscribe', topic: 'run:r' }, { type: 'subscribe', topic: 'run:r' }]);
    server.push({ type: 'changes', topic: 'tasks', cursor: 'c', changes: [] });
    expect(list.frames).toHaveLength(1);
  });

  test('tells a follower that its topic is refused, and asks again after a failure of the server', async () => {
    vi.useFakeTimers();
    const refused = follow('run:other');
    const later = follow('run:r', 5);
    await vi.waitFor(() => expect(live.connection().state).toBe('live'));
    server.push({ type: 'error', topic: 'run:other', code: 'not_found', detail: 'There is no such task.' });
    expect(refused.frames).toMatchObject([{ type: 'error', code: 'not_found' }]);
    server.sent = [];
    server.push({ type: 'error', topic: 'run:r', code: 'unavailable', detail: 'The database is away.' });
    expect(later.frames).toEqual([]);
    await vi.runOnlyPendingTimersAsync();
    expect(server.sent).toContainEqual({ type: 'subscribe', topic: 'run:r', after: 5 });
    vi.useRealTimers();
  });

  test('ends the session if there is no ticket', async () => {
    tickets = [null];
    const { stop } = follow('tasks');
    await vi.waitFor(() => expect(hasEnded).toBe(true));
    expect(live.connection().state).toBe('ended');
    // Whoever signs in next starts anew.
    stop();
    follow('tasks');
    await isLive();
  });

  test('renews the session once after 4401, and ends it if a fresh ticket is refused', async () => {
    follow('tasks');
    await isLive();
    server.cut(4401, 'Sign in again.');
    expect(hasEnded).toBe(false);
    await server.restore();
    await isLive();
    server.cut(4401);
    server.cut(4401);
    expect(hasEnded).toBe(true);
  });

  test('ignores what a closed line still reports', async () => {
    const { stop } = follow('tasks');
    await isLive();
    stop();
    server.cut();
    expect(live.connection().state).toBe('idle');
  });

  test('refuses more topics than the server takes', () => {
    for (let i = 0; i < MAX_TOPICS; i++) follow(`run:${i}`);
    expect(follow('run:one-too-many').frames).toMatchObject([{ type: 'error', code: 'too_many_topics' }]);
  });
});

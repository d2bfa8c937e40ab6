/** The one WebSocket of a tab: signs in, follows topics, and continues after a lost connection where it was. */
import type { Frame } from './frames';
import type { Ends, Line } from './line';

/** `ended`: there is no session anymore. `away`: what is shown may be out of date. */
export type Connection = { state: 'idle' | 'connecting' | 'live' | 'away' | 'ended'; reason: string };
/** Where to continue: a run's `seq`, a list's `cursor`, or null for the topic's default. */
export type Place = number | string | null;
export type OnFrame = (frame: Frame) => void;
export type Wish = { after?: Place; onFrame: OnFrame };

/** What the socket needs from outside. `ticket` returns null if there is no session anymore. */
export type Outside = {
  connect: (ends: Ends) => Promise<Line>;
  ticket: () => Promise<string | null>;
  onEnd: () => void;
};

type Topic = { place: Place; followers: Set<OnFrame>; hasEnded: boolean };

export const MAX_TOPICS = 50;
const SIGN_IN_AGAIN = 4401;
const LATER = new Set(['unavailable', 'internal_error']);
const LATER_MS = 3000;
const PING_MS = 25_000;
/** Their whole content is sent at the beginning, so a later follower needs a new beginning. */
const WITH_BEGINNING = /^(run|task|reply|chat):|^(agents|system)$/;

export class Live {
  private topics = new Map<string, Topic>();
  private line: Line | null = null;
  /** Counts the lines, so that what a closed one still reports is ignored. */
  private generation = 0;
  private isOpen = false;
  private refused = 0;
  private ticket = '';
  private answered = true;
  private pinging: ReturnType<typeof setInterval> | undefined;
  private listeners = new Set<() => void>();
  private now: Connection = { state: 'idle', reason: '' };

  constructor(private readonly outside: Outside) {}

  readonly connection = (): Connection => this.now;

  readonly onConnection = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /**
   * Follow a topic until the returned function is called. Several may follow the same one.
   *
   * Frames come in order. After another follower has joined, a run's or a chat's frames may come again: skip events
   * whose `seq` you have, and text whose `offset` you have.
   */
  subscribe(name: string, { after = null, onFrame }: Wish): () => void {
    const known = this.topics.get(name);
    if (known === undefined) {
      if (this.topics.size >= MAX_TOPICS) {
        onFrame({ type: 'error', topic: name, code: 'too_many_topics', detail: `More than ${MAX_TOPICS} topics at once.` });
        return () => undefined;
      }
      this.topics.set(name, { place: after, followers: new Set([onFrame]), hasEnded: false });
      this.sendSubscribe(name);
    } else {
      known.followers.add(onFrame);
      if (WITH_BEGINNING.test(name) || after !== null) {
        if (!known.hasEnded) this.send({ type: 'unsubscribe', topic: name });
        Object.assign(known, { place: after ?? (typeof known.place === 'string' ? known.place : null), hasEnded: false });
        this.sendSubscribe(name);
      }
    }
    this.open();
    return () => this.leave(name, onFrame);
  }

  private leave(name: string, onFrame: OnFrame): void {
    const topic = this.topics.get(name);
    if (!topic?.followers.delete(onFrame) || topic.followers.size > 0) return;
    this.topics.delete(name);
    if (!topic.hasEnded) this.send({ type: 'unsubscribe', topic: name });
    // At once: the next user of this tab must not inherit the socket.
    if (this.topics.size === 0) this.close({ state: 'idle', reason: '' });
  }

  private open(): void {
    if (this.isOpen || this.now.state === 'ended') return;
    this.isOpen = true;
    this.set({ state: 'connecting', reason: '' });
    const mine = ++this.generation;
    const isOurs = () => mine === this.generation;
    void this.outside
      .connect({
        address: () => this.address(isOurs),
        onOpen: () => isOurs() && this.authenticate(),
        onText: (text) => isOurs() && this.take(JSON.parse(text) as Frame),
        onClose: (code, reason) => isOurs() && this.lose(code, reason),
      })
      .then((line) => {
        if (isOurs()) this.line = line;
        else line.close();
      })
      .catch(() => {
        // The code of the line could not be loaded.
        if (!isOurs()) return;
        this.isOpen = false;
        this.lose(0, '');
        setTimeout(() => this.topics.size > 0 && this.open(), LATER_MS);
      });
  }

  private async address(isOurs: () => boolean): Promise<string> {
    const ticket = await this.outside.ticket();
    if (ticket === null && isOurs()) this.end();
    if (ticket === null || !isOurs()) throw new Error('There is no session.');
    this.ticket = ticket;
    return `${location.origin.replace(/^http/, 'ws')}/ws`;
  }

  private authenticate(): void {
    // Not in the address, where proxies would log it.
    this.send({ type: 'authenticate', ticket: this.ticket });
    this.ticket = '';
  }

  private take(frame: Frame | { type: 'authenticated' | 'pong' | 'unsubscribed' }): void {
    this.answered = true;
    switch (frame.type) {
      case 'authenticated':
        this.refused = 0;
        this.set({ state: 'live', reason: '' });
        for (const name of this.topics.keys()) this.sendSubscribe(name);
        clearInterval(this.pinging);
        this.pinging = setInterval(() => this.ping(), PING_MS);
        return;
      case 'pong':
      case 'unsubscribed':
        return;
    }
    const topic = this.topics.get(frame.topic ?? '');
    if (topic === undefined) return;
    if (frame.type === 'error') {
      if (frame.code === 'already_subscribed') return;
      if (LATER.has(frame.code)) {
        setTimeout(() => this.sendSubscribe(frame.topic ?? ''), LATER_MS);
        return;
      }
      topic.hasEnded = true;
    }
    if (frame.type === 'ended') topic.hasEnded = true;
    if ('cursor' in frame && frame.cursor !== undefined) topic.place = frame.cursor;
    if ('seq' in frame && !frame.topic?.startsWith('chat:')) topic.place = frame.seq;
    for (const follower of topic.followers) follower(frame);
  }

  private ping(): void {
    if (!this.answered) {
      this.line?.reconnect();
      return;
    }
    this.answered = false;
    this.send({ type: 'ping' });
  }

  private lose(code: number, reason: string): void {
    clearInterval(this.pinging);
    this.answered = true;
    if (this.now.state === 'ended') return;
    // A fresh ticket was refused, although the session was renewed for it.
    if (code === SIGN_IN_AGAIN && ++this.refused > 1) this.end();
    else this.set({ state: 'away', reason });
  }

  private end(): void {
    this.close({ state: 'ended', reason: '' });
    this.outside.onEnd();
  }

  private close(connection: Connection): void {
    clearInterval(this.pinging);
    this.line?.close();
    this.line = null;
    this.isOpen = false;
    this.generation += 1;
    this.set(connection);
  }

  private sendSubscribe(name: string): void {
    const topic = this.topics.get(name);
    if (topic === undefined || topic.hasEnded || this.now.state !== 'live') return;
    this.send({ type: 'subscribe', topic: name, ...(topic.place === null ? {} : { after: topic.place }) });
  }

  private send(message: { type: string; [field: string]: unknown }): void {
    if (message.type === 'authenticate' || this.now.state === 'live') this.line?.send(JSON.stringify(message));
  }

  private set(connection: Connection): void {
    if (connection.state === this.now.state && connection.reason === this.now.reason) return;
    this.now = connection;
    for (const listener of this.listeners) listener();
  }
}

/** One run that is followed: its picture, its text, and the facts that its events don't tell. Shared by all its viewers. */
import { api, type SubtaskPage, type SubtaskView, type TaskView } from '../api';
import type { Store } from '../app/store';
import { batched } from './batch';
import { fold } from './fold';
import type { Frame } from './frames';
import { liveOf } from './live';
import { NOTHING, type Picture } from './picture';
import { TextStore } from './text';

/** What a viewer of a run sees. A new object whenever something in it has changed. */
export type RunState = {
  /** Undefined until the run has been loaded. */
  picture: Picture | undefined;
  /** The subtasks as stored, by path: instructions, results, and what they have cost. */
  facts: ReadonlyMap<string, SubtaskView>;
  task: TaskView | undefined;
  error: unknown;
};

const PAGE = 100;
const FACTS_MS = 4000;
/** After these, the stored subtasks tell more than the events: results, or what failed attempts have cost. */
const NEW_FACTS = /^(subtask\.(completed|failed|skipped|delegated)|plan\.created|model_call\.failed|run\.(completed|failed|cancelled|retried))$/;

export class RunFeed {
  readonly text = new TextStore();
  private now: RunState = { picture: undefined, facts: new Map(), task: undefined, error: undefined };
  private listeners = new Set<() => void>();
  private queue: Frame[] = [];
  /** The picture as the events tell it. Shown as soon as it has caught up with what was loaded. */
  private told: Picture = NOTHING;
  private target = Infinity;
  private stops: (() => void)[] = [];
  private factsAt = 0;
  private factsTimer: ReturnType<typeof setTimeout> | undefined;
  private isLoading = false;
  private readonly flush = batched(() => this.take());

  constructor(private readonly store: Store, readonly id: string) {}

  readonly state = (): RunState => this.now;

  /** Follow the run while there is a listener. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  get isFollowed(): boolean {
    return this.listeners.size > 0;
  }

  private start(): void {
    void this.load();
    this.follow();
    // A run that has ended goes on if someone retries it.
    const onFrame = (frame: Frame) => {
      if (frame.type !== 'changes' || !this.now.picture?.hasEnded) return;
      if (frame.changes.some(({ run_id, seq }) => run_id === this.id && (seq ?? 0) > this.told.seq)) this.followAgain();
    };
    this.stops.push(liveOf(this.store).subscribe('tasks', { onFrame }));
  }

  private follow(): void {
    const topic = `run:${this.id}`;
    const onFrame = (frame: Frame) => {
      if (frame.type === 'subscribed') this.target = frame.last_seq ?? 0;
      if (frame.type === 'error') this.set({ error: { status: 0, data: { code: frame.code, detail: frame.detail } } });
      this.text.take(frame);
      if (frame.type === 'event' || frame.type === 'snapshot' || frame.type === 'subscribed') {
        this.queue.push(frame);
        this.flush();
      }
    };
    this.stops.unshift(liveOf(this.store).subscribe(topic, { after: this.told.seq, onFrame }));
  }

  private followAgain(): void {
    this.stops.shift()?.();
    this.follow();
  }

  private stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    clearTimeout(this.factsTimer);
    this.factsTimer = undefined;
  }

  private take(): void {
    const frames = this.queue;
    this.queue = [];
    this.told = fold(this.told, frames);
    if (this.told.seq >= this.target && this.told.seq > 0 && this.told !== this.now.picture) this.set({ picture: this.told });
    if (frames.some((frame) => frame.type === 'event' && NEW_FACTS.test(frame.event.type))) this.wantFacts();
  }

  /** Load again soon, at most once in a few seconds. */
  private wantFacts(): void {
    if (this.factsTimer !== undefined) return;
    const wait = Math.max(0, this.factsAt + FACTS_MS - performance.now());
    this.factsTimer = setTimeout(() => {
      this.factsTimer = undefined;
      void this.load();
    }, wait);
  }

  /** Load the task and its subtasks as stored. They are shown at once, until the events have been read. */
  readonly load = async (): Promise<void> => {
    if (this.isLoading) {
      this.wantFacts();
      return;
    }
    this.isLoading = true;
    this.factsAt = performance.now();
    try {
      const task = await this.store.dispatch(api.endpoints.getTask.initiate({ taskId: this.id }, FRESH)).unwrap();
      const subtasks: SubtaskView[] = [];
      let cursor: string | undefined;
      do {
        const wish = api.endpoints.listSubtasks.initiate({ taskId: this.id, limit: PAGE, cursor }, FRESH);
        const page: SubtaskPage = await this.store.dispatch(wish).unwrap();
        subtasks.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      const facts = new Map(subtasks.map((subtask) => [subtask.path, subtask]));
      const first = this.now.picture === undefined;
      const picture = first ? fold(NOTHING, [{ type: 'snapshot', seq: Math.max(1, task.last_seq), task, subtasks }]) : this.now.picture;
      this.set({ task, facts, picture, error: undefined });
    } catch (error) {
      this.set({ error });
    } finally {
      this.isLoading = false;
    }
  };

  private set(fields: Partial<RunState>): void {
    this.now = { ...this.now, ...fields };
    for (const listener of this.listeners) listener();
  }
}

/** Ask the server, and put the answer into the cache that the pages read. */
const FRESH = { forceRefetch: true, subscribe: false } as const;

/** The text that models are writing, piece by piece, outside of React's state: only its viewer renders again. */
import type { Purpose } from '../api';
import { batched } from './batch';
import type { Frame, TokensFrame } from './frames';

/** Why earlier text of a call was taken back: the code of its failure, or `lost` if its worker never reported one. */
export type TakenBack = { attempt: number; code: string };

/** The newest model call of a node, and its text so far. */
export type Stream = {
  purpose: Purpose;
  step: number;
  attempt: number;
  text: string;
  /** `text` in Unicode code points, which is how the server counts. */
  length: number;
  state: 'streaming' | 'finished' | 'failed';
  /** Whether a piece is missing. The whole text arrives with the finished call. */
  hasGap: boolean;
  takenBack: TakenBack[];
  failure: string | null;
};

const SURROGATES = /[\uD800-\uDFFF]/;

function lengthOf(text: string): number {
  return SURROGATES.test(text) ? [...text].length : text.length;
}

function without(text: string, count: number): string {
  return SURROGATES.test(text) ? [...text].slice(count).join('') : text.slice(count);
}

function keyOf(runId: string, path: string): string {
  return `${runId} ${path}`;
}

export class TextStore {
  private streams = new Map<string, Stream>();
  private listeners = new Map<string, Set<() => void>>();
  private changed = new Set<string>();
  private readonly notify = batched(() => {
    const keys = this.changed;
    this.changed = new Set();
    for (const key of keys) for (const listener of this.listeners.get(key) ?? []) listener();
  });

  /** Return the newest call of a node, if it has begun. The object changes whenever its content does. */
  get(runId: string, path: string): Stream | undefined {
    return this.streams.get(keyOf(runId, path));
  }

  /** Have `listener` called, at most once a frame, when a node's text changes. */
  subscribe(runId: string, path: string, listener: () => void): () => void {
    const key = keyOf(runId, path);
    const all = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, all.add(listener));
    return () => {
      all.delete(listener);
      if (all.size === 0) this.listeners.delete(key);
    };
  }

  take(frame: Frame): void {
    if (frame.type === 'tokens') this.append(frame);
    else if (frame.type === 'event') {
      const { event } = frame;
      switch (event.type) {
        case 'model_call.started':
          this.start(frame.run_id, event.path, event.purpose, event.step ?? 1, event.attempt ?? 1);
          break;
        case 'model_call.finished':
          this.end(frame.run_id, event, 'finished', null);
          break;
        case 'model_call.failed':
          this.end(frame.run_id, event, 'failed', event.code);
          break;
      }
    }
  }

  private start(runId: string, path: string, purpose: Purpose, step: number, attempt: number): Stream {
    const now = this.get(runId, path);
    if (now?.purpose === purpose && now.step === step && now.attempt >= attempt) return now;
    const isSameCall = now?.purpose === purpose && now.step === step;
    const takenBack = isSameCall ? [...now.takenBack, { attempt: now.attempt, code: now.failure ?? 'lost' }] : [];
    const stream: Stream = { purpose, step, attempt, text: '', length: 0, state: 'streaming', hasGap: false, takenBack, failure: null };
    return this.put(runId, path, stream);
  }

  private append({ run_id, path, purpose, step, attempt, offset, text }: TokensFrame): void {
    const known = this.get(run_id, path);
    const isOld = known?.purpose === purpose && (step < known.step || (step === known.step && attempt < known.attempt));
    if (isOld) return;
    // Text may overtake the event of its call's start, because it takes a shorter way.
    const now = this.start(run_id, path, purpose, step, attempt);
    if (now.state !== 'streaming') return;
    if (offset > now.length) {
      if (!now.hasGap) this.put(run_id, path, { ...now, hasGap: true });
      return;
    }
    const fresh = without(text, now.length - offset);
    if (fresh !== '') this.put(run_id, path, { ...now, text: now.text + fresh, length: now.length + lengthOf(fresh) });
  }

  private end(runId: string, event: { path: string; purpose: Purpose; step?: number | null; attempt?: number | null }, state: 'finished' | 'failed', failure: string | null): void {
    const now = this.get(runId, event.path);
    if (now?.purpose !== event.purpose || now.step !== (event.step ?? 1) || now.attempt !== (event.attempt ?? 1)) return;
    if (now.state === 'streaming') this.put(runId, event.path, { ...now, state, failure });
  }

  private put(runId: string, path: string, stream: Stream): Stream {
    const key = keyOf(runId, path);
    this.streams.set(key, stream);
    if (this.listeners.has(key)) {
      this.changed.add(key);
      this.notify();
    }
    return stream;
  }
}

/** A stand-in for the WebSocket in tests: it signs in at once, and tests say what arrives. */
import { act } from '@testing-library/react';
import type { Ends, Line } from '../src/live/line';

type Message = { type: string; topic?: string; after?: number | string };

export class FakeServer {
  /** What clients sent since their sign-in. */
  sent: Message[] = [];
  private ends: Ends | null = null;

  /** The `connect` of `src/live/line.ts`. Refuses to connect while `isAway`. */
  isAway = false;
  readonly connect = async (ends: Ends): Promise<Line> => {
    this.ends = ends;
    const line: Line = {
      send: (text) => this.receive(JSON.parse(text) as Message),
      close: () => {
        if (this.ends === ends) this.ends = null;
      },
      reconnect: () => void this.open(ends),
    };
    setTimeout(() => void this.open(ends));
    return line;
  };

  private async open(ends: Ends): Promise<void> {
    if (this.isAway) return;
    try {
      await ends.address();
      ends.onOpen();
    } catch {
      ends.onClose(1006, '');
    }
  }

  private receive(message: Message): void {
    if (message.type === 'authenticate') {
      queueMicrotask(() => this.push({ type: 'authenticated' }));
      return;
    }
    this.sent.push(message);
  }

  /** Whether a client follows a topic now. */
  follows(topic: string): boolean {
    const last = this.sent.findLast((message) => message.topic === topic);
    return last?.type === 'subscribe';
  }

  /** Send frames to the client. */
  push(...frames: object[]): void {
    act(() => {
      for (const frame of frames) this.ends?.onText(JSON.stringify(frame));
    });
  }

  /** Break the connection with a close code. */
  cut(code = 1006, reason = ''): void {
    act(() => this.ends?.onClose(code, reason));
  }

  /** Let the client connect again. */
  async restore(): Promise<void> {
    if (this.ends !== null) await this.open(this.ends);
  }

  forget(): void {
    this.sent = [];
    this.ends = null;
    this.isAway = false;
  }
}

export const socket = new FakeServer();

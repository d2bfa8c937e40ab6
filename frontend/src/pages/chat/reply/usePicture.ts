import { useEffect, useState } from 'react';
import type { Frame } from '../../../live/frames';
import { useTopic } from '../../../live/useTopic';
import { fold, NOTHING, type Picture } from './picture';

/** Follow a reply that is being written. The picture changes at most once a frame of the screen. */
export function usePicture(replyId: string): Picture {
  const [picture, setPicture] = useState<Picture>(NOTHING);
  const [queue] = useState(() => new Queue((frames) => setPicture((before) => frames.reduce(fold, before))));
  useTopic(`run:${replyId}`, (frame) => queue.add(frame), 0);
  useEffect(() => () => queue.clear(), [queue]);
  return picture;
}

const HIDDEN_MS = 250;

/** Collects frames until the screen is drawn next. */
class Queue {
  private frames: Frame[] = [];

  constructor(private readonly take: (frames: readonly Frame[]) => void) {}

  add(frame: Frame): void {
    this.frames.push(frame);
    if (this.frames.length > 1) return;
    // A hidden tab isn't drawn.
    if (document.hidden) setTimeout(() => this.flush(), HIDDEN_MS);
    else requestAnimationFrame(() => this.flush());
  }

  clear(): void {
    this.frames = [];
  }

  private flush(): void {
    const frames = this.frames;
    this.frames = [];
    if (frames.length > 0) this.take(frames);
  }
}

import { useEffect, useState } from 'react';
import { batched } from '../../../live/batch';
import type { Frame } from '../../../live/frames';
import { useTopic } from '../../../live/useTopic';
import { fold, NOTHING, type Picture } from './picture';

/** Follow a reply that is being written. The picture changes at most once a frame of the screen. */
export function usePicture(replyId: string): Picture {
  const [picture, setPicture] = useState<Picture>(NOTHING);
  const [queue] = useState(() => queueOf((frames) => setPicture((before) => frames.reduce(fold, before))));
  useTopic(`run:${replyId}`, queue.add, 0);
  useEffect(() => queue.clear, [queue]);
  return picture;
}

function queueOf(take: (frames: readonly Frame[]) => void) {
  let frames: Frame[] = [];
  const flush = batched(() => {
    const all = frames;
    frames = [];
    if (all.length > 0) take(all);
  });
  return {
    add: (frame: Frame) => {
      frames.push(frame);
      flush();
    },
    clear: () => {
      frames = [];
    },
  };
}

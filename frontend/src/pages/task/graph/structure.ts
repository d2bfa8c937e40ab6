import { useRef, useSyncExternalStore } from 'react';
import type { RunFeed } from '../../../live/run';
import type { Tree } from './scene';

/** Return the tree's shape. A new object only if subtasks came, went or were connected, not with each event. */
export function useTree(feed: RunFeed): Tree {
  const last = useRef<Tree>(NONE);
  return useSyncExternalStore(feed.subscribe, () => {
    const now = feed.state().picture?.nodes ?? NONE;
    if (now !== last.current && !isSame(last.current, now)) last.current = now;
    return last.current;
  });
}

const NONE: Tree = new Map();

function isSame(before: Tree, now: Tree): boolean {
  if (before.size !== now.size) return false;
  for (const [path, shape] of now) {
    const old = before.get(path);
    if (old !== shape && (old?.children !== shape.children || old.dependsOn !== shape.dependsOn)) return false;
  }
  return true;
}

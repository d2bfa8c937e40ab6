import { useCallback, useSyncExternalStore } from 'react';
import type { Stream, TextStore } from './text';

/** Return what the newest model call of a node has written so far. Renders again with each frame that brings text. */
export function useText(store: TextStore, runId: string, path: string): Stream | undefined {
  const subscribe = useCallback((listener: () => void) => store.subscribe(runId, path, listener), [store, runId, path]);
  return useSyncExternalStore(subscribe, () => store.get(runId, path));
}

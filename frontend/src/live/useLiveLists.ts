/** Keeps every list on screen live: what changes on the server makes the answers in the cache load again. */
import { useEffect } from 'react';
import { useStore } from 'react-redux';
import { api, type Tag } from '../api';
import type { Store } from '../app/store';
import type { Frame } from './frames';
import { liveOf } from './live';

const THROTTLE_MS = 1000;

/** What a topic's changes make outdated. */
const TAGS_OF: Record<string, readonly Tag[]> = {
  runs: ['task', 'chat', 'limits'],
  approvals: ['approval', 'notification'],
  notifications: ['notification'],
  agents: ['agent'],
  system: ['health'],
};

/** Follow the user's lists while the console is shown; `system` is for administrators. */
export function useLiveLists(isAdmin: boolean): void {
  const store = useStore() as Store;
  useEffect(() => {
    const outdated = new Set<Tag>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const invalidate = () => {
      timer = undefined;
      store.dispatch(api.util.invalidateTags([...outdated]));
      outdated.clear();
    };
    const stops = Object.entries(TAGS_OF)
      .filter(([topic]) => topic !== 'system' || isAdmin)
      .map(([topic, tags]) => {
        // States begin with what has just been loaded.
        let begins = topic === 'agents' || topic === 'system';
        const onFrame = (frame: Frame) => {
          if (frame.type !== 'changes' && frame.type !== 'missed' && frame.type !== 'state') return;
          if (begins) {
            begins = false;
            return;
          }
          for (const tag of tags) outdated.add(tag);
          timer ??= setTimeout(invalidate, THROTTLE_MS);
        };
        return liveOf(store).subscribe(topic, { onFrame });
      });
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [store, isAdmin]);
}

import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useStore } from 'react-redux';
import type { Store } from '../app/store';
import { useConnection } from './live';
import type { Node } from './picture';
import { RunFeed, type RunState } from './run';
import type { Connection } from './socket';

/** The runs that are on screen. Nothing is kept after that: the next user of this tab must not see it. */
const feeds = new WeakMap<Store, Map<string, RunFeed>>();

function feedOf(store: Store, id: string): RunFeed {
  const all = feeds.get(store) ?? new Map<string, RunFeed>();
  feeds.set(store, all);
  const known = all.get(id);
  if (known !== undefined) return known;
  const feed = new RunFeed(store, id);
  all.set(id, feed);
  return feed;
}

/** Return the live feed of a run, for parts that follow only one node or its text. */
export function useFeed(id: string): RunFeed {
  const store = useStore() as Store;
  const feed = useMemo(() => feedOf(store, id), [store, id]);
  const subscribe = useCallback(
    (listener: () => void) => {
      feeds.get(store)?.set(id, feed);
      const stop = feed.subscribe(listener);
      return () => {
        stop();
        if (!feed.isFollowed) feeds.get(store)?.delete(id);
      };
    },
    [store, id, feed],
  );
  // Keeps the run followed; renders only when the first picture is there.
  useSyncExternalStore(subscribe, () => feed.state().picture !== undefined);
  return feed;
}

export type Run = RunState & { feed: RunFeed; connection: Connection };

/** Follow a task: its picture is the same after each reload and reconnection, at any moment. */
export function useRun(id: string): Run {
  const feed = useFeed(id);
  const state = useSyncExternalStore(feed.subscribe, feed.state);
  const connection = useConnection();
  return { ...state, feed, connection };
}

/** Return a part of what is known about a run. Renders again only when this part changes. */
export function usePart<T>(feed: RunFeed, part: (state: RunState) => T): T {
  return useSyncExternalStore(feed.subscribe, () => part(feed.state()));
}

/** Return one node of a run. Renders again only when this node changes. */
export function useNode(feed: RunFeed, path: string): Node | undefined {
  return usePart(feed, ({ picture }) => picture?.nodes.get(path));
}

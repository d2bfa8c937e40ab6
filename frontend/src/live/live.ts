/** The live layer of a store: one for each tab, and one for each test. */
import { useSyncExternalStore } from 'react';
import { useStore } from 'react-redux';
import { api } from '../api';
import { statusOf } from '../api/problems';
import { session } from '../app/session/state';
import type { Store } from '../app/store';
import { connect } from './line';
import { type Connection, Live } from './socket';

const lives = new WeakMap<Store, Live>();

/** Return the socket that belongs to a store. */
export function liveOf(store: Store): Live {
  const known = lives.get(store);
  if (known !== undefined) return known;
  const live = new Live({
    connect,
    ticket: async () => {
      const wish = store.dispatch(api.endpoints.createWsTicket.initiate());
      try {
        return (await wish.unwrap()).ticket;
      } catch (error) {
        // The base query has renewed the session before it gives up with 401.
        if (statusOf(error) === 401) return null;
        throw error;
      } finally {
        wish.reset();
      }
    },
    onEnd: () => store.dispatch(session.actions.ended()),
  });
  lives.set(store, live);
  return live;
}

export function useLive(): Live {
  return liveOf(useStore() as Store);
}

/** Return whether what is shown is live. */
export function useConnection(): Connection {
  const live = useLive();
  return useSyncExternalStore(live.onConnection, live.connection);
}

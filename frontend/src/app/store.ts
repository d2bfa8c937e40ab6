import { combineReducers, configureStore } from '@reduxjs/toolkit';
import { setupListeners } from '@reduxjs/toolkit/query';
import { api } from '../api';
import { session } from './session/state';
import { toasts } from './shell/toasts';

const reducer = combineReducers({
  [api.reducerPath]: api.reducer,
  session: session.reducer,
  toasts: toasts.reducer,
});

export type State = ReturnType<typeof reducer>;

export function createStore() {
  const store = configureStore({
    reducer,
    middleware: (defaults) => defaults({ serializableCheck: false, immutableCheck: false }).concat(api.middleware),
  });
  setupListeners(store.dispatch);
  return store;
}

export type Store = ReturnType<typeof createStore>;
export type Dispatch = Store['dispatch'];

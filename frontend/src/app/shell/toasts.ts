/** Short messages about what has just been done, with an undo where the API has one. */
import { createSlice, nanoid, type PayloadAction } from '@reduxjs/toolkit';
import type { Dispatch } from '../store';

export type Toast = { id: string; text: string; severity: 'success' | 'info' | 'error'; undo?: string };

export const toasts = createSlice({
  name: 'toasts',
  initialState: [] as Toast[],
  reducers: {
    shown: (state, { payload }: PayloadAction<Toast>) => [...state.slice(-2), payload],
    hidden: (state, { payload }: PayloadAction<string>) => state.filter(({ id }) => id !== payload),
  },
});

const undoing = new Map<string, () => void>();

/** Show a message. `undo` is called if the user takes back what was done. */
export function showToast(dispatch: Dispatch, text: string, severity: Toast['severity'] = 'success', undo?: () => void) {
  const id = nanoid();
  if (undo) undoing.set(id, undo);
  dispatch(toasts.actions.shown({ id, text, severity, ...(undo ? { undo: id } : {}) }));
}

export function undoToast(id: string): void {
  undoing.get(id)?.();
  undoing.delete(id);
}

export function forgetToast(id: string): void {
  undoing.delete(id);
}

/** Whether someone is signed in, as far as this tab knows. */
import { createSlice } from '@reduxjs/toolkit';

export type SessionState = { ended: boolean };

export const session = createSlice({
  name: 'session',
  initialState: { ended: false } as SessionState,
  reducers: {
    ended: (state) => {
      state.ended = true;
    },
    began: (state) => {
      state.ended = false;
    },
  },
});

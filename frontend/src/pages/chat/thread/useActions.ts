import { createContext, use } from 'react';
import type { ChatMessageView } from '../../../api';

/** What can be done with the messages of a conversation. */
export type Actions = {
  /** Whether the user may write: not in others' sessions, and not while another branch is only being read. */
  canWrite: boolean;
  edit: (message: ChatMessageView) => void;
  regenerate: (message: ChatMessageView) => void;
  choose: (messageId: string) => void;
  stop: (replyId: string) => void;
  /** The reply has ended: its stored text is there. */
  ended: () => void;
};

const Context = createContext<Actions | null>(null);
export const ActionsProvider = Context.Provider;

export function useActions(): Actions {
  const actions = use(Context);
  if (actions === null) throw new Error('Messages are shown only inside of a conversation.');
  return actions;
}

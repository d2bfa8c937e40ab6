/** The messages of a session that this page knows, and the branch of them that is shown. */
import type { ChatMessageView } from '../../../api';

export type Thread = {
  known: ReadonlyMap<string, ChatMessageView>;
  /** The last message of the branch that is shown. */
  leaf: string | null;
};

export const EMPTY: Thread = { known: new Map(), leaf: null };

/** Add messages, also newer versions of known ones. */
export function absorb(thread: Thread, messages: readonly ChatMessageView[], leaf = thread.leaf): Thread {
  const known = new Map(thread.known);
  for (const message of messages) known.set(message.id, message);
  return { known, leaf };
}

/** Return the known messages of the branch, oldest first. */
export function branchOf({ known, leaf }: Thread): ChatMessageView[] {
  const found: ChatMessageView[] = [];
  for (let id = leaf; id !== null; ) {
    const message = known.get(id);
    if (message === undefined) break;
    found.push(message);
    id = message.parent_id;
  }
  return found.reverse();
}

/** Return the ID of the newest message of the branch that isn't known yet, or null if the beginning is known. */
export function missingOf(thread: Thread): string | null {
  const first = branchOf(thread)[0];
  return first === undefined ? thread.leaf : first.parent_id;
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'draft']);

/** Whether a reply or a task hasn't ended yet. */
export function isOpen(message: ChatMessageView): boolean {
  return message.reply != null && !ENDED.has(message.reply.status);
}

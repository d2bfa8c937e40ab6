import type { ChatSessionSpec, ChatSessionView } from '../../../api';

/** The fields that replace a session, with changes. A title that isn't sent stays. */
export function specOf({ agent, model, instructions, double_texting, metadata }: ChatSessionView, changes: Partial<ChatSessionSpec>): ChatSessionSpec {
  return { agent, model, instructions, double_texting, metadata, ...changes };
}

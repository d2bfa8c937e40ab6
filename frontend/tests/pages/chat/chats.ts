import type { ChatMessageView, ChatSessionView, ReplyState } from '../../../src/api';
import { ME } from '../../server';

export const SESSION: ChatSessionView = {
  id: 's1', owner_id: ME.id, title: 'About tea', agent: null, model: 'simulator/standard', instructions: null,
  double_texting: 'queue', archived: false, leaf_id: 'b', open_replies: [], metadata: {},
  created_at: '2026-11-30T09:00:00Z', updated_at: '2026-11-30T09:00:00Z', last_message_at: '2026-11-30T09:00:00Z',
};

export function message(id: string, parent: string | null, role: 'user' | 'assistant', text: string | null, more: Partial<ChatMessageView> = {}): ChatMessageView {
  return { id, session_id: 's1', parent_id: parent, role, text, sibling: 1, siblings: 1, created_at: '2026-11-30T09:00:00Z', attachments: [], ...more };
}

export function state(more: Partial<ReplyState> = {}): ReplyState {
  return { id: 'r1', status: 'completed', finish_reason: 'stop', model: 'simulator/standard', simulated: true, cost_micro_usd: 1200, input_tokens: 7, output_tokens: 30, last_seq: 5, ...more };
}

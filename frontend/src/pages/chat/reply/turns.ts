/** The stored transcript of a reply as turns: what the agent wrote, which tools it called, and what they returned. */
import type { MessageView } from '../../../api';
import type { Shown } from './ToolCall';

export type Turn = { step: number; text: string; thought: string | null; calls: (Shown & { id: string })[] };

/** Return the turns of the agent that replies. What it delegated has its own transcript. */
export function turnsOf(messages: readonly MessageView[]): Turn[] {
  const own = messages.filter(({ path, purpose }) => path === '' && purpose === 'turn').sort((a, b) => a.seq - b.seq);
  const results = new Map(own.filter(({ role }) => role === 'tool').map((each) => [keyOf(each.step, each.tool_call_id), each]));
  return own
    // The messages of the conversation, before the reply, have no step of a model call.
    .filter(({ role, model }) => role === 'assistant' && model !== null)
    .map((each) => ({
      step: each.step,
      text: each.content,
      thought: each.thought,
      calls: (each.tool_calls ?? []).map((call) => {
        const result = results.get(keyOf(each.step, call.id));
        return {
          id: call.id,
          tool: call.name,
          arguments: call.arguments,
          result: result?.content ?? null,
          state: result === undefined ? 'running' : result.failed ? 'failed' : 'finished',
        };
      }),
    }));
}

/** IDs of calls may repeat in later turns. */
function keyOf(step: number, callId: string | null): string {
  return `${step} ${callId}`;
}

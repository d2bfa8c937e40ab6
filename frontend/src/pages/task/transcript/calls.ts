import type { MessageView } from '../../../api';

/** A call's ID is the provider's, so it's unique only within a step of a node. */
export function callKey(path: string, step: number, id: string): string {
  return JSON.stringify([path, step, id]);
}

/** Return the results of tool calls by the key of their call. */
export function resultsOf(messages: readonly MessageView[]): Map<string, MessageView> {
  return new Map(messages.filter(({ role }) => role === 'tool').map((message) => [callKey(message.path, message.step, message.tool_call_id ?? ''), message]));
}

/** Return arguments as indented JSON if they are JSON, else as they are. */
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

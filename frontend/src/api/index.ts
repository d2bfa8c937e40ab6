/** The API as the pages use it: generated endpoints, with the rules of what a change makes outdated. */
import { generated } from './generated';

/** What the cache holds. A mutation's tag makes the lists and details with that tag load again. */
export const TAGS = [
  'agent', 'ai-call', 'analytics', 'api-key', 'approval', 'audit', 'chat', 'chat-message', 'file', 'group', 'health',
  'hold', 'invitation', 'limits', 'log', 'mcp-server', 'me', 'model', 'notification', 'policy', 'provider',
  'retention', 'schedule', 'session', 'share', 'task', 'task-record', 'tool', 'user',
] as const;
export type Tag = (typeof TAGS)[number];

/** The tag of an endpoint, by the first segment of its path after /api/v1 that names a noun. */
const NOUNS: readonly (readonly [RegExp, Tag])[] = [
  [/Shares?$|^share|^unshare/, 'share'],
  [/Approval|^answer$|^decide$|^answerQuestion/, 'approval'],
  [/Hold/, 'hold'],
  [/Retention/, 'retention'],
  [/Notification/, 'notification'],
  [/Key/, 'api-key'],
  [/ChatMessage|ChatBranch|Suggestions|ChatSummary/, 'chat-message'],
  [/Chat|Reply|Completion/, 'chat'],
  [/Schedule/, 'schedule'],
  [/McpServer/, 'mcp-server'],
  [/Policy/, 'policy'],
  [/Tool/, 'tool'],
  [/Provider/, 'provider'],
  [/Models/, 'model'],
  [/AiCall|Embeddings|Images|Transcription/, 'ai-call'],
  [/Agent/, 'agent'],
  [/Overview|Analytics|Performance|Usage|Metrics/, 'analytics'],
  // Large and growing: the task page keeps them up to date at its own pace.
  [/^getTaskTimeline$|^getTaskCost$|^listTaskEvents$|^listTaskMessages$/, 'task-record'],
  [/Subtask|Task/, 'task'],
  [/File/, 'file'],
  [/Member|Group/, 'group'],
  [/Invitation/, 'invitation'],
  [/Limits/, 'limits'],
  [/SystemLog/, 'log'],
  [/Audit/, 'audit'],
  [/Session/, 'session'],
  [/User|ServiceAccount|PasswordReset/, 'user'],
  [/Health/, 'health'],
  [/^me$|Me$/, 'me'],
];

/** What changes with a noun besides itself. */
const ALSO: Partial<Record<Tag, readonly Tag[]>> = {
  approval: ['task', 'notification'],
  task: ['approval', 'notification', 'limits'],
  'chat-message': ['chat'],
  schedule: ['task'],
  'mcp-server': ['tool'],
  tool: ['mcp-server'],
  policy: ['tool'],
  share: ['task', 'agent', 'chat', 'file', 'schedule', 'group'],
};

/** Mutations that change nothing that a page shows. */
const WITHOUT_EFFECT = /^(preview|test|validate|count|createWsTicket|estimate|login|logout|refresh$|create.*Address)/;

function tagOf(endpoint: string): Tag | undefined {
  return NOUNS.find(([pattern]) => pattern.test(endpoint))?.[1];
}

type Definition = { type?: string; providesTags?: readonly Tag[]; invalidatesTags?: readonly Tag[] };

const withTags = generated.enhanceEndpoints({ addTagTypes: TAGS });
for (const endpoint of Object.keys(generated.endpoints)) {
  const tag = tagOf(endpoint);
  if (tag === undefined) continue;
  withTags.enhanceEndpoints({
    endpoints: {
      [endpoint]: (definition: Definition) => {
        if (definition.type === 'query') definition.providesTags = [tag];
        else if (!WITHOUT_EFFECT.test(endpoint)) definition.invalidatesTags = [tag, ...(ALSO[tag] ?? [])];
      },
    },
  } as Parameters<typeof withTags.enhanceEndpoints>[0]);
}

export const api = withTags;
export * from './generated';

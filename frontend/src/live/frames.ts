/** What the server sends on the WebSocket; docs/reference/streams.md and events.md describe it. */
import type { Purpose, SubtaskView, TaskView } from '../api';

type Placed = { path: string; step?: number | null; attempt?: number | null };
type Reason = { code: string; message: string };
export type Planned = { key: string; agent: string; title: string; depends_on: string[]; decompose: boolean };
export type ApprovalKind = 'tool_call' | 'question' | 'outcome';

/** The events that the console understands. Others are counted, and change nothing. */
export type RunEvent = Placed &
  (
    | { type: 'run.accepted' | 'run.started' | 'run.paused' | 'run.resumed' | 'run.cancelling' | 'subtask.cancelled' }
    | { type: 'run.retried'; paths: string[]; model?: string | null }
    | { type: 'run.completed'; preview: string; simulated?: boolean; finish_reason?: string }
    | ({ type: 'run.failed' | 'subtask.failed' | 'subtask.skipped' } & Reason)
    | { type: 'run.cancelled'; last_call_at?: string | null; preview?: string }
    | { type: 'run.changed'; fields: string[] }
    | { type: 'plan.created'; subtasks: Planned[] }
    | { type: 'plan.rejected'; problems: string[] }
    | { type: 'subtask.delegated'; agent: string; title: string }
    | { type: 'subtask.started'; agent: string }
    | { type: 'subtask.completed'; preview: string; finish_reason?: string }
    | { type: 'model_call.started'; purpose: Purpose; agent: string; agent_version?: number | null; model: string; simulated: boolean }
    | {
        type: 'model_call.finished'; purpose: Purpose; preview: string; tool_calls: string[];
        input_tokens: number; output_tokens: number; cost_micro_usd: number; estimated?: boolean; finish_reason?: string;
      }
    | ({ type: 'model_call.failed'; purpose: Purpose; retryable: boolean; retry_after_s?: number | null } & Reason)
    | { type: 'model_call.fell_back'; purpose: Purpose; from_model: string; to_model: string; code: string }
    | ({ type: 'model_call.waiting'; purpose: Purpose; retry_after_s: number | null } & Reason)
    | { type: 'tool_call.started'; index: number; tool: string; preview: string }
    | { type: 'tool_call.finished'; index: number; tool: string; failed: boolean; preview: string; images?: string[] }
    | { type: 'file.written'; file_id: string; name: string; size_bytes: number }
    | { type: 'approval.requested'; approval_id: string; kind: ApprovalKind; index: number; tool: string; reason: string; preview: string }
    | { type: 'approval.escalated'; approval_id: string; approvers: string[] }
    | { type: 'approval.decided'; approval_id: string; kind: ApprovalKind; status: string; by?: string | null }
    | { type: 'conversation.summarized'; covers_id: string; preview: string }
    | { type: 'guidance.given' | 'guidance.seen'; guidance_id: number; preview: string }
    | { type: 'budget.reached'; limit: string; message: string; needed?: number | null; until?: string | null }
    | { type: 'budget.raised'; max_cost_micro_usd: number | null; max_tokens: number | null; max_model_calls: number | null }
  );

export type EventFrame = { type: 'event'; topic?: string; run_id: string; seq: number; at: string; event: RunEvent };
export type TokensFrame = {
  type: 'tokens'; topic?: string; run_id: string; path: string; purpose: Purpose; step: number; attempt: number; offset: number; text: string;
};
export type SnapshotFrame = { type: 'snapshot'; topic?: string; run_id?: string; seq: number; task?: TaskView | null; subtasks: SubtaskView[] };

/** One change of a list: of a run, an approval or a notification. */
export type Change = { run_id?: string; kind?: string; status?: string; seq?: number; event?: string; [field: string]: unknown };
export type ChangesFrame = { type: 'changes'; topic: string; cursor: string; changes: Change[] };
export type StateFrame = { type: 'state'; topic: string; removed: string[]; agents?: unknown[]; system?: Record<string, unknown> };

/** What a follower of a topic receives. */
export type Frame =
  | EventFrame
  | TokensFrame
  | SnapshotFrame
  | ChangesFrame
  | StateFrame
  | { type: 'subscribed'; topic: string; after?: number; last_seq?: number; cursor?: string }
  | { type: 'missed'; topic: string; cursor: string }
  | { type: 'ended'; topic: string }
  | { type: 'error'; topic: string | null; code: string; detail: string };

/** What is known about a reply that is being written, folded from its frames. Frames may arrive twice. */
import type { EventFrame, Frame, TokensFrame } from '../../../live/frames';

export type Call = {
  index: number;
  tool: string;
  state: 'waiting' | 'running' | 'finished' | 'failed';
  arguments: string;
  result: string | null;
};
export type Step = {
  step: number;
  attempt: number;
  text: string;
  /** In characters as the server counts them: code points. */
  length: number;
  calls: readonly Call[];
};
export type Subtask = { path: string; agent: string; title: string; state: 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled' };
export type Note =
  | { kind: 'retried'; message: string }
  | { kind: 'waits'; message: string }
  | { kind: 'fellBack'; model: string }
  | { kind: 'summarizes' };
export type Budget = { limit: string; message: string; needed: number | null; until: string | null };
export type Picture = {
  seq: number;
  steps: readonly Step[];
  subtasks: readonly Subtask[];
  /** IDs of the decisions that the reply waits for, oldest first. */
  approvals: readonly string[];
  budget: Budget | null;
  /** The reason why the model call is blocked. */
  note: Note | null;
  state: 'queued' | 'working' | 'cancelling' | 'ended';
};

export const NOTHING: Picture = { seq: 0, steps: [], subtasks: [], approvals: [], budget: null, note: null, state: 'queued' };

/** Apply a frame of the reply's topic. */
export function fold(picture: Picture, frame: Frame): Picture {
  if (frame.type === 'tokens') return withText(picture, frame);
  if (frame.type === 'event' && frame.seq > picture.seq) return { ...happened(picture, frame), seq: frame.seq };
  // More was missed than the server sends: what follows is right, what came before arrives with the message.
  if (frame.type === 'snapshot') return { ...picture, seq: Math.max(picture.seq, frame.seq) };
  return picture;
}

function withText(picture: Picture, { path, purpose, step, attempt, offset, text }: TokensFrame): Picture {
  if (path !== '' || purpose !== 'turn') return picture;
  const begun = begin(picture, step, attempt);
  const last = begun.steps.at(-1);
  if (last?.step !== step || last.attempt !== attempt) return picture;
  // After a gap, no piece fits. The whole text arrives with the message, or again after a reconnect.
  if (offset > last.length) return begun;
  const characters = Array.from(text);
  const fresh = characters.slice(last.length - offset);
  if (fresh.length === 0) return begun;
  return replaceLast(begun, { ...last, text: last.text + fresh.join(''), length: last.length + fresh.length });
}

/** Begin a call. A higher attempt takes the text of the one before back. Earlier calls change nothing. */
function begin(picture: Picture, step: number, attempt: number): Picture {
  const last = picture.steps.at(-1);
  const fresh: Step = { step, attempt, text: '', length: 0, calls: [] };
  if (last === undefined || step > last.step) return { ...picture, steps: [...picture.steps, fresh] };
  if (step === last.step && attempt > last.attempt) return replaceLast(picture, fresh);
  return picture;
}

function replaceLast(picture: Picture, step: Step): Picture {
  return { ...picture, steps: [...picture.steps.slice(0, -1), step] };
}

function happened(picture: Picture, { event }: EventFrame): Picture {
  const isOwn = event.path === '';
  switch (event.type) {
    case 'run.started':
    case 'run.resumed':
    case 'run.retried':
      return { ...picture, state: 'working', budget: null };
    case 'run.cancelling':
      return { ...picture, state: 'cancelling' };
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return { ...picture, state: 'ended', approvals: [], budget: null, note: null };
    case 'model_call.started': {
      const working: Picture = { ...picture, state: 'working', note: event.purpose === 'summary' ? { kind: 'summarizes' } : null };
      return isOwn && event.purpose === 'turn' ? begin(working, event.step ?? 0, event.attempt ?? 1) : working;
    }
    case 'model_call.failed':
      return event.retryable ? { ...picture, note: { kind: 'retried', message: event.message } } : picture;
    case 'model_call.waiting':
      return { ...picture, note: { kind: 'waits', message: event.message } };
    case 'model_call.fell_back':
      return { ...picture, note: { kind: 'fellBack', model: event.to_model } };
    case 'model_call.finished':
      return { ...picture, note: null };
    case 'conversation.summarized':
      return { ...picture, note: null };
    case 'tool_call.started':
      return isOwn ? withCall(picture, event.step, event.index, { tool: event.tool, state: 'running', arguments: event.preview }) : picture;
    case 'tool_call.finished':
      return isOwn
        ? withCall(picture, event.step, event.index, { tool: event.tool, state: event.failed ? 'failed' : 'finished', result: event.preview })
        : picture;
    case 'approval.requested': {
      const asked = { ...picture, approvals: [...picture.approvals, event.approval_id] };
      const args = event.kind === 'tool_call' ? { arguments: event.preview } : {};
      return isOwn ? withCall(asked, event.step, event.index, { tool: event.tool, state: 'waiting', ...args }) : asked;
    }
    case 'approval.decided':
      return { ...picture, approvals: picture.approvals.filter((id) => id !== event.approval_id) };
    case 'budget.reached':
      return { ...picture, budget: { limit: event.limit, message: event.message, needed: event.needed ?? null, until: event.until ?? null } };
    case 'budget.raised':
      return { ...picture, budget: null };
    case 'subtask.delegated':
      return { ...picture, subtasks: [...picture.subtasks, { path: event.path, agent: event.agent, title: event.title, state: 'running' }] };
    case 'subtask.completed':
      return withSubtask(picture, event.path, 'completed');
    case 'subtask.failed':
      return withSubtask(picture, event.path, 'failed');
    case 'subtask.skipped':
      return withSubtask(picture, event.path, 'skipped');
    case 'subtask.cancelled':
      return withSubtask(picture, event.path, 'cancelled');
    default:
      return picture;
  }
}

function withSubtask(picture: Picture, path: string, state: Subtask['state']): Picture {
  return { ...picture, subtasks: picture.subtasks.map((each) => (each.path === path ? { ...each, state } : each)) };
}

function withCall(picture: Picture, step: number | null | undefined, index: number, change: Partial<Call> & { tool: string }): Picture {
  // A tool call's step is that of the model call that asked for it.
  const steps = picture.steps.map((each) => {
    if (each.step !== step) return each;
    const known = each.calls.find((call) => call.index === index);
    const call: Call = { index, state: 'running', arguments: '', result: null, ...known, ...change };
    const calls = [...each.calls.filter((other) => other !== known), call].sort((a, b) => a.index - b.index);
    return { ...each, calls };
  });
  return { ...picture, steps };
}

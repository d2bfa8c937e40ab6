/** The picture of a run after its next events. Pure: the same events give the same picture, in any portions. */
import type { RunStatus, SubtaskView, TaskView } from '../api';
import type { EventFrame, Frame, Planned, RunEvent, SnapshotFrame } from './frames';
import { type Call, childPath, isDone, isOver, newNode, type Node, NOTHING, parentOf, type Picture, ROOT } from './picture';

/** A picture that is being changed: its map is copied once for a whole portion of frames, its nodes when they change. */
type Draft = { -readonly [name in keyof Picture]: Picture[name] } & { nodes: Map<string, Node> };

/** Return the picture after some frames. Events that it contains already change nothing. */
export function fold(picture: Picture, frames: readonly Frame[]): Picture {
  let draft: Draft | null = null;
  for (const frame of frames) {
    if (frame.type !== 'event' && frame.type !== 'snapshot') continue;
    if (frame.seq <= (draft ?? picture).seq) continue;
    if (frame.type === 'snapshot') {
      draft = loaded(frame);
      continue;
    }
    draft ??= { ...picture, nodes: new Map(picture.nodes) };
    draft.seq = frame.seq;
    apply(draft, frame);
    settle(draft);
  }
  return draft ?? picture;
}

function change(draft: Draft, path: string, fields: Partial<Node>): void {
  draft.nodes.set(path, { ...add(draft, path), ...fields });
}

/** Return a node. An event about an unknown one adds it, with those above it. */
function add(draft: Draft, path: string): Node {
  const known = draft.nodes.get(path);
  if (known !== undefined) return known;
  const node = newNode(path);
  draft.nodes.set(path, node);
  draft.total += 1;
  const parent = parentOf(path) ?? ROOT;
  change(draft, parent, { children: [...add(draft, parent).children, path] });
  return node;
}

/** The state of the run follows from several events; it is shown by the node of the task itself. */
function settle(draft: Draft): void {
  const root = add(draft, ROOT);
  const status = draft.hasEnded ? root.status : statusOf(draft, root);
  if (status !== root.status) change(draft, ROOT, { status });
}

function statusOf(draft: Draft, root: Node): RunStatus {
  if (draft.isCancelling) return 'cancelling';
  if (draft.isPaused) return 'paused';
  if (draft.budget !== null || draft.pending > 0) return 'waiting';
  return root.startedAt === null ? 'queued' : 'running';
}

function apply(draft: Draft, { event, at }: EventFrame): void {
  const { path } = event;
  switch (event.type) {
    case 'run.accepted':
      add(draft, ROOT);
      return;
    case 'run.started':
      change(draft, ROOT, { startedAt: add(draft, ROOT).startedAt ?? at });
      return;
    case 'run.paused':
      draft.isPaused = true;
      return;
    case 'run.resumed':
      draft.isPaused = false;
      draft.budget = null;
      return;
    case 'run.cancelling':
      draft.isCancelling = true;
      return;
    case 'run.retried':
      retry(draft, event.paths);
      return;
    case 'run.completed':
      endRun(draft, at, { status: 'completed', preview: event.preview, finishReason: event.finish_reason ?? 'stop' });
      if (event.simulated) change(draft, ROOT, { simulated: true });
      return;
    case 'run.failed':
      endRun(draft, at, { status: 'failed', error: { code: event.code, message: event.message } });
      return;
    case 'run.cancelled':
      endRun(draft, at, { status: 'cancelled', preview: event.preview ?? '' });
      return;
    case 'plan.created':
      plan(draft, path, event.subtasks);
      return;
    case 'plan.rejected':
      change(draft, path, { problems: event.problems });
      return;
    case 'subtask.delegated':
      change(draft, path, { agent: event.agent, title: event.title, isDelegated: true });
      return;
    case 'subtask.started':
      startNode(draft, path, at, event.agent);
      return;
    case 'subtask.completed':
      endNode(draft, path, at, { status: 'completed', preview: event.preview, finishReason: event.finish_reason ?? 'stop' });
      return;
    case 'subtask.failed':
    case 'subtask.skipped':
      endNode(draft, path, at, { status: event.type === 'subtask.failed' ? 'failed' : 'skipped', error: { code: event.code, message: event.message } });
      return;
    case 'subtask.cancelled':
      endNode(draft, path, at, { status: 'cancelled' });
      return;
    case 'tool_call.started': {
      const tool = { step: event.step ?? 1, index: event.index, tool: event.tool, preview: event.preview, since: at };
      change(draft, path, { tools: [...others(add(draft, path), tool), tool] });
      return;
    }
    case 'tool_call.finished': {
      const node = add(draft, path);
      change(draft, path, { tools: others(node, { step: event.step ?? 1, index: event.index }), toolCalls: node.toolCalls + 1 });
      return;
    }
    case 'approval.requested': {
      const node = add(draft, path);
      if (node.waits.some((wait) => wait.approvalId === event.approval_id)) return;
      const { kind, tool, reason, preview } = event;
      change(draft, path, { waits: [...node.waits, { approvalId: event.approval_id, kind, tool, reason, preview, since: at }] });
      draft.pending += 1;
      return;
    }
    case 'approval.decided':
      unwait(draft, path, event.approval_id);
      return;
    case 'budget.reached':
      draft.budget = { limit: event.limit, message: event.message, needed: event.needed ?? null, until: event.until ?? null };
      return;
    case 'budget.raised':
      draft.budget = null;
      return;
    default:
      applyCall(draft, event, at);
  }
}

function applyCall(draft: Draft, event: RunEvent, at: string): void {
  const { path } = event;
  const node = draft.nodes.get(path);
  switch (event.type) {
    case 'model_call.started': {
      const { purpose, agent, model, simulated } = event;
      const call: Call = { purpose, step: event.step ?? 1, attempt: event.attempt ?? 1, agent, model, simulated, since: at, state: 'running', code: null, message: null };
      const before = node?.call;
      // An attempt that nothing was heard of anymore was lost with its worker.
      const isRetry = before && before.purpose === purpose && before.step === call.step && before.attempt < call.attempt;
      const code = before?.state === 'running' ? 'lost' : (before?.code ?? 'lost');
      const retaken = isRetry ? [...(node?.retaken ?? []), { purpose, step: call.step, attempt: before.attempt, code }] : (node?.retaken ?? []);
      const known = add(draft, path);
      change(draft, path, {
        // A retried subtask begins with a call, because it has started before.
        status: known.status === 'pending' ? 'running' : known.status, call, retaken, model, simulated: known.simulated || simulated, startedAt: known.startedAt ?? at, agent: path === ROOT ? agent : known.agent || agent,
      });
      // The simulator's answers are part of the task's.
      if (simulated && !add(draft, ROOT).simulated) change(draft, ROOT, { simulated: true });
      return;
    }
    case 'model_call.finished': {
      const known = add(draft, path);
      change(draft, path, {
        call: null, calls: known.calls + 1, problems: [],
        inputTokens: known.inputTokens + event.input_tokens, outputTokens: known.outputTokens + event.output_tokens,
        costMicroUsd: known.costMicroUsd + event.cost_micro_usd,
      });
      return;
    }
    case 'model_call.failed':
    case 'model_call.waiting': {
      if (!node?.call) return;
      const state = event.type === 'model_call.failed' ? 'failed' : 'waiting';
      change(draft, path, { call: { ...node.call, state, code: event.code, message: event.message } });
      return;
    }
    case 'model_call.fell_back':
      if (node?.call) change(draft, path, { call: { ...node.call, model: event.to_model } });
  }
}

function others(node: Node, { step, index }: { step: number; index: number }) {
  return node.tools.filter((tool) => tool.step !== step || tool.index !== index);
}

function unwait(draft: Draft, path: string, approvalId: string): void {
  const node = add(draft, path);
  const waits = node.waits.filter((wait) => wait.approvalId !== approvalId);
  if (waits.length === node.waits.length) return;
  change(draft, path, { waits });
  draft.pending -= 1;
}

function startNode(draft: Draft, path: string, at: string, agent: string): void {
  const node = add(draft, path);
  if (isDone(node.status)) draft.done -= 1;
  change(draft, path, { status: 'running', agent, startedAt: node.startedAt ?? at, endedAt: null, error: null });
}

function endNode(draft: Draft, path: string, at: string, fields: Partial<Node>): void {
  const node = add(draft, path);
  draft.done += Number(isDone(fields.status ?? '')) - Number(isDone(node.status));
  draft.pending -= node.waits.length;
  change(draft, path, { ...fields, endedAt: at, call: null, tools: [], waits: [] });
}

function endRun(draft: Draft, at: string, fields: Partial<Node>): void {
  for (const node of draft.nodes.values())
    if (node.call || node.tools.length > 0 || node.waits.length > 0) change(draft, node.path, { call: null, tools: [], waits: [] });
  Object.assign(draft, { hasEnded: true, isPaused: false, isCancelling: false, budget: null, pending: 0 });
  change(draft, ROOT, { ...fields, endedAt: at });
}

function retry(draft: Draft, paths: readonly string[]): void {
  Object.assign(draft, { hasEnded: false, retries: draft.retries + 1 });
  change(draft, ROOT, { error: null, endedAt: null, finishReason: null });
  for (const path of paths) {
    if (path === ROOT) continue;
    if (isDone(add(draft, path).status)) draft.done -= 1;
    change(draft, path, { status: 'pending', error: null, endedAt: null });
  }
}

/** A changed or repeated plan replaces the subtasks of the one before that never began. */
function plan(draft: Draft, path: string, subtasks: readonly Planned[]): void {
  const kept = new Set(subtasks.map(({ key }) => childPath(path, key)));
  for (const child of add(draft, path).children) {
    const node = add(draft, child);
    if (!kept.has(child) && node.status === 'pending' && !node.isDelegated) remove(draft, child);
  }
  for (const { key, agent, title, depends_on, decompose } of subtasks)
    change(draft, childPath(path, key), { agent, title, dependsOn: depends_on, decompose });
}

function remove(draft: Draft, path: string): void {
  const parent = add(draft, parentOf(path) ?? ROOT);
  change(draft, parent.path, { children: parent.children.filter((child) => child !== path) });
  draft.nodes.delete(path);
  draft.total -= 1;
}

/** The picture that a loaded task gives: everything but what is in flight right now. */
function loaded({ seq, task, subtasks }: SnapshotFrame): Draft {
  const draft: Draft = { ...NOTHING, nodes: new Map(NOTHING.nodes), seq };
  for (const subtask of subtasks) change(draft, subtask.path, fieldsOf(subtask));
  draft.done = subtasks.filter(({ status }) => isDone(status)).length;
  if (task) loadTask(draft, task, subtasks);
  return draft;
}

function loadTask(draft: Draft, task: TaskView, subtasks: readonly SubtaskView[]): void {
  const wait = task.waiting;
  draft.isPaused = task.status === 'paused';
  draft.isCancelling = task.status === 'cancelling';
  draft.hasEnded = isOver(task.status);
  draft.retries = task.retries ?? 0;
  draft.pending = task.approvals_pending ?? 0;
  if (wait?.kind === 'budget') draft.budget = { limit: wait.limit, message: wait.message, needed: wait.needed ?? null, until: wait.until ?? null };
  if (wait?.kind === 'approval')
    for (const each of wait.approvals)
      change(draft, each.path, {
        waits: [...add(draft, each.path).waits, { approvalId: each.id, kind: each.kind, tool: each.tool, reason: '', preview: each.question ?? '', since: task.created_at }],
      });
  const below = (field: (subtask: SubtaskView) => number | undefined) => subtasks.reduce((sum, subtask) => sum + (field(subtask) ?? 0), 0);
  change(draft, ROOT, {
    title: task.title, status: task.status, startedAt: task.started_at, endedAt: task.ended_at, simulated: task.simulated, model: task.model,
    error: task.error_code ? { code: task.error_code, message: task.error ?? '' } : null, finishReason: task.finish_reason ?? null,
    costMicroUsd: Math.max(0, task.spent_micro_usd - below((each) => each.spent_micro_usd)),
    inputTokens: Math.max(0, (task.usage.input_tokens ?? 0) - below((each) => each.usage.input_tokens)),
    outputTokens: Math.max(0, (task.usage.output_tokens ?? 0) - below((each) => each.usage.output_tokens)),
  });
}

function fieldsOf(subtask: SubtaskView): Partial<Node> {
  return {
    title: subtask.title, agent: subtask.agent, dependsOn: subtask.depends_on, status: subtask.status, startedAt: subtask.started_at,
    endedAt: subtask.ended_at, calls: subtask.turns, inputTokens: subtask.usage.input_tokens ?? 0, outputTokens: subtask.usage.output_tokens ?? 0,
    costMicroUsd: subtask.spent_micro_usd, error: subtask.error_code ? { code: subtask.error_code, message: subtask.error ?? '' } : null,
    finishReason: subtask.finish_reason ?? null, model: subtask.model ?? null,
  };
}

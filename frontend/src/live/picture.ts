/** A run as it is: what its events say about each node. Immutable; a node that hasn't changed is the same object. */
import type { Purpose, RunStatus, SubtaskStatus } from '../api';
import type { ApprovalKind } from './frames';

/** The newest attempt at a node's current model call. */
export type Call = {
  purpose: Purpose;
  step: number;
  attempt: number;
  agent: string;
  model: string;
  simulated: boolean;
  since: string;
  state: 'running' | 'failed' | 'waiting';
  /** Why the attempt failed, or why the call waits. */
  code: string | null;
  message: string | null;
};

/** A tool that runs. */
export type Tool = { step: number; index: number; tool: string; preview: string; since: string };

/** A decision or an answer that a node waits for. */
export type Wait = { approvalId: string; kind: ApprovalKind; tool: string; reason: string; preview: string; since: string };

/** An attempt whose text was taken back, and the code of its failure; `lost` if its worker never reported one. */
export type Retaken = { purpose: Purpose; step: number; attempt: number; code: string };

export type Node = {
  /** Its place in the tree, such as `facts/prices`; empty for the task itself. */
  path: string;
  key: string;
  title: string;
  agent: string;
  /** Keys of its siblings whose results it receives. */
  dependsOn: readonly string[];
  /** Paths of its subtasks, in the order in which they became known. */
  children: readonly string[];
  decompose: boolean;
  isDelegated: boolean;
  status: SubtaskStatus | RunStatus;
  startedAt: string | null;
  endedAt: string | null;
  call: Call | null;
  tools: readonly Tool[];
  waits: readonly Wait[];
  retaken: readonly Retaken[];
  /** Model calls that have finished. */
  calls: number;
  toolCalls: number;
  inputTokens: number;
  outputTokens: number;
  costMicroUsd: number;
  simulated: boolean;
  model: string | null;
  error: { code: string; message: string } | null;
  finishReason: string | null;
  preview: string;
  /** Problems of a plan that was rejected. */
  problems: readonly string[];
};

export type BudgetStop = { limit: string; message: string; needed: number | null; until: string | null };

export type Picture = {
  /** The last event that is part of the picture. */
  seq: number;
  nodes: ReadonlyMap<string, Node>;
  isPaused: boolean;
  isCancelling: boolean;
  hasEnded: boolean;
  budget: BudgetStop | null;
  retries: number;
  /** Decisions and answers that the run waits for. */
  pending: number;
  /** Subtasks, and how many of them were completed or skipped. */
  total: number;
  done: number;
};

export const ROOT = '';

export function parentOf(path: string): string | null {
  return path === ROOT ? null : path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function childPath(parent: string, key: string): string {
  return parent === ROOT ? key : `${parent}/${key}`;
}

export function newNode(path: string): Node {
  const key = path.slice(path.lastIndexOf('/') + 1);
  return {
    path, key, title: '', agent: '', dependsOn: [], children: [], decompose: false, isDelegated: false,
    status: path === ROOT ? 'queued' : 'pending', startedAt: null, endedAt: null, call: null, tools: [], waits: [],
    retaken: [], calls: 0, toolCalls: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0, simulated: false, model: null,
    error: null, finishReason: null, preview: '', problems: [],
  };
}

export const NOTHING: Picture = {
  seq: 0, nodes: new Map([[ROOT, newNode(ROOT)]]), isPaused: false, isCancelling: false, hasEnded: false, budget: null,
  retries: 0, pending: 0, total: 0, done: 0,
};

export function isOver(status: string): boolean {
  return ['completed', 'failed', 'skipped', 'cancelled'].includes(status);
}

/** Whether a subtask counts as done, as in the API's `subtasks_done`. */
export function isDone(status: string): boolean {
  return status === 'completed' || status === 'skipped';
}

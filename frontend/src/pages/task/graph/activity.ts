/** What a node does right now, in words. */
import type { TFunction } from 'i18next';
import type { SubtaskView } from '../../../api';
import { isOver, type Node } from '../../../live/picture';

export type Activity = { status: string; label: string | undefined };

/** Return the state to show for a node, and a more precise word for it if there is one. */
export function activityOf(node: Node, t: TFunction<'graph'>): Activity {
  const [wait] = node.waits;
  if (wait) return { status: 'waiting', label: t(`activity.${wait.kind === 'tool_call' ? 'approval' : wait.kind}`) };
  if (isOver(node.status) || ['paused', 'cancelling', 'waiting'].includes(node.status)) return { status: node.status, label: undefined };
  const { call, tools } = node;
  if (call?.state === 'waiting') return { status: 'waiting', label: t('activity.blocked') };
  if (call?.state === 'failed') return { status: 'running', label: t('activity.retrying') };
  if (call && call.purpose in PURPOSES) return { status: 'running', label: t(`activity.${call.purpose as keyof typeof PURPOSES}`) };
  if (tools[0]) return { status: 'running', label: t('activity.tool', { tool: tools[0].tool }) };
  return { status: node.status, label: undefined };
}

const PURPOSES = { plan: true, turn: true, aggregate: true, summary: true };

export function titleOf(node: Pick<Node, 'title' | 'key' | 'path'>, taskTitle: string): string {
  return node.path === '' ? taskTitle : node.title || node.key;
}

/** Both are lower bounds: events know the newest calls, the stored subtask what failed attempts have cost. */
export function costOf(node: Node, fact: SubtaskView | undefined): number {
  return Math.max(node.costMicroUsd, fact?.spent_micro_usd ?? 0);
}

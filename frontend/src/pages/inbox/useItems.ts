import { type ApprovalView, type TaskView, useListApprovalsQuery, useListTasksQuery } from '../../api';

export type Item = { id: string; at: string } & ({ approval: ApprovalView } | { task: TaskView });

const AGAIN_MS = 10_000;
const SHOWN = 100;

/** Return what waits for the user, oldest first: decisions, and tasks that need a higher budget. */
export function useItems() {
  const renewed = { pollingInterval: AGAIN_MS, skipPollingIfUnfocused: true };
  const approvals = useListApprovalsQuery({ status: ['pending'], limit: SHOWN }, renewed);
  const tasks = useListTasksQuery({ status: ['waiting'], waitsFor: 'budget', limit: SHOWN }, renewed);
  const items: Item[] = [
    ...(approvals.data?.items ?? []).filter(({ may_decide }) => may_decide).map((approval) => ({ id: approval.id, at: approval.created_at, approval })),
    ...(tasks.data?.items ?? []).map((task) => ({ id: task.id, at: task.started_at ?? task.created_at, task })),
  ];
  items.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return {
    items, loading: approvals.data === undefined || tasks.data === undefined, error: approvals.error ?? tasks.error,
    refetch: () => {
      void approvals.refetch();
      void tasks.refetch();
    },
  };
}

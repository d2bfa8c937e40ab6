import { useGetApprovalQuery } from '../../../api';
import { ApprovalCard } from '../../../parts/approvals/ApprovalCard';
import { Loading } from '../../../parts/Loading';
import { Problem } from '../../../parts/Problem';
import type { Budget } from './picture';
import { RaiseBudget } from './RaiseBudget';

type Props = { replyId: string; approvals: readonly string[]; budget: Budget | null };

/** What the reply waits for, with what a person can do about it. */
export function Waits({ replyId, approvals, budget }: Props) {
  return (
    <>
      {approvals.map((id) => (
        <Decision key={id} approvalId={id} />
      ))}
      {budget && <RaiseBudget replyId={replyId} budget={budget} />}
    </>
  );
}

function Decision({ approvalId }: { approvalId: string }) {
  const { data, error, refetch } = useGetApprovalQuery({ approvalId });
  if (data !== undefined) return <ApprovalCard approval={data} />;
  return error === undefined ? <Loading rows={1} height={120} /> : <Problem error={error} onRetry={() => void refetch()} compact />;
}

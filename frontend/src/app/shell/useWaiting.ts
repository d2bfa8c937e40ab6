import { useListApprovalsQuery } from '../../api';

const SHOWN = 100;

/** Return how many decisions wait for the user, up to 100. */
export function useWaiting(): number {
  const { data } = useListApprovalsQuery({ status: ['pending'], limit: SHOWN });
  return data?.items.filter((approval) => approval.may_decide).length ?? 0;
}

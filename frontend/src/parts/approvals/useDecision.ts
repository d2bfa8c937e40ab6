import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type ApprovalView, type DecideApiArg, useAnswerMutation, useDecideMutation, useDelegateApprovalMutation } from '../../api';
import { statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';

export type Decision = ReturnType<typeof useDecision>;

/** Return the ways to decide. If someone else was faster, the approval is loaded again and the error says by whom. */
export function useDecision(approval: ApprovalView, onDone?: () => void) {
  const { t } = useTranslation('approvals');
  const dispatch = useAppDispatch();
  const [decide] = useDecideMutation();
  const [answer] = useAnswerMutation();
  const [delegate] = useDelegateApprovalMutation();
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const approvalId = approval.id;

  const send = async (request: () => Promise<{ data?: ApprovalView; error?: unknown }>, done: string): Promise<boolean> => {
    setState({ busy: true });
    const { data, error } = await request();
    setState({ busy: false, ...(error === undefined ? {} : { error }) });
    if (error !== undefined) {
      if (statusOf(error) === 409) dispatch(api.util.invalidateTags(['approval', 'task']));
      return false;
    }
    const voted = data?.status === 'pending' && done === t('done.approve');
    showToast(dispatch, voted ? t('done.vote') : done);
    onDone?.();
    return true;
  };
  return {
    ...state,
    decide: (decision: DecideApiArg['decision']) => {
      const word = decision.decision === 'approve' || decision.decision === 'reject' ? decision.decision : 'outcome';
      return send(() => decide({ approvalId, decision }), t(`done.${word}`));
    },
    answer: (text: string) => send(() => answer({ approvalId, answer: { answer: text } }), t('done.answer')),
    delegate: (to: string, keep: boolean) => send(() => delegate({ approvalId, delegation: { to, keep } }), t('done.delegate', { to })),
  };
}

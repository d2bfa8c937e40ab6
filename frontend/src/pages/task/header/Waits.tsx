import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { ApprovalWait, BlockedCall, BudgetWait, PendingApproval, SubtaskView } from '../../../api';
import { When } from '../../../parts/When';
import { useNodeName } from '../useNodes';

const NAMED = 3;

/** The task waits for people: each decision with the way to it. */
export function ApprovalNotice({ wait }: { wait: ApprovalWait }) {
  const { t } = useTranslation('task');
  const words = (approval: PendingApproval) => {
    if (approval.kind === 'question') return t('notices.asks', { agent: approval.agent, question: approval.question ?? '' });
    return approval.kind === 'outcome' ? t('notices.outcome', { tool: approval.tool }) : t('notices.wants', { agent: approval.agent, tool: approval.tool });
  };
  const rest = wait.pending - Math.min(NAMED, wait.approvals.length);
  return (
    <Alert severity="warning" variant="outlined" sx={{ '& .MuiAlert-message': { flexGrow: 1 } }}>
      {wait.pending > 1 && <Typography variant="body2" sx={{ mb: 1 }}>{wait.message}</Typography>}
      <Stack component="ul" spacing={1} sx={{ listStyle: 'none', p: 0, m: 0 }}>
        {wait.approvals.slice(0, NAMED).map((approval) => (
          <Stack component="li" key={approval.id} direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
            <Typography variant="body2" sx={{ overflowWrap: 'anywhere', flex: '1 1 240px' }}>{words(approval)}</Typography>
            <Button size="small" variant="contained" component={Link} to={`/inbox/${approval.id}`}>{t(approval.kind === 'question' ? 'notices.answer' : 'notices.decide')}</Button>
          </Stack>
        ))}
      </Stack>
      {rest > 0 && <Button size="small" component={Link} to="/inbox" sx={{ mt: 1 }}>{`${t('notices.morePending', { count: rest })} · ${t('notices.inbox')}`}</Button>}
    </Alert>
  );
}

/** The task waits for a higher limit. */
export function BudgetNotice({ wait, onRaise }: { wait: BudgetWait; onRaise: () => void }) {
  const { t } = useTranslation('task');
  const own = wait.remedy.action === 'raise_budget';
  return (
    <Alert severity="warning" variant="outlined" action={own && <Button variant="contained" size="small" onClick={onRaise} sx={{ whiteSpace: 'nowrap' }}>{t('notices.raise')}</Button>}>
      {wait.message}
      {!own && <Typography variant="body2">{t('notices.limits')}</Typography>}
      {wait.until && <Typography variant="body2">{t('notices.until')} <When at={wait.until} /></Typography>}
    </Alert>
  );
}

/** Calls that can't get an answer at the moment. */
export function BlockedNotice({ calls, nodes }: { calls: BlockedCall[]; nodes: SubtaskView[] }) {
  const { t } = useTranslation('task');
  const nameOf = useNodeName(nodes);
  return (
    <Alert severity="warning" variant="outlined">
      {t('notices.blocked', { count: calls.length })}
      <ul>
        {calls.slice(0, NAMED).map((call) => (
          <Typography component="li" variant="body2" key={`${call.path} ${call.step}`} sx={{ overflowWrap: 'anywhere' }}>
            <strong>{nameOf(call.path)}</strong> {call.message} ({t('notices.attempts', { count: call.attempts })}
            {call.next_try_at && <>, {t('notices.nextTry')} <When at={call.next_try_at} /></>})
          </Typography>
        ))}
      </ul>
      {calls.length > NAMED && t('notices.morePending', { count: calls.length - NAMED })}
    </Alert>
  );
}

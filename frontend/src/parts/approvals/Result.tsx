import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { ApprovalView } from '../../api';
import { When } from '../When';

/** What has been decided so far, and by whom. */
export function Result({ approval }: { approval: ApprovalView }) {
  const { t } = useTranslation('approvals');
  const votes = approval.votes ?? [];
  if (votes.length === 0 && !approval.answer) return null;
  return (
    <Box sx={{ mt: 2 }}>
      {approval.answer && (
        <>
          <Typography variant="subtitle2" component="h3">{t('yourAnswer')}</Typography>
          <Typography sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{approval.answer}</Typography>
        </>
      )}
      {votes.length > 0 && <Typography variant="subtitle2" component="h3" sx={{ mt: 1 }}>{t('votes')}</Typography>}
      {votes.map((vote) => (
        <Typography key={vote.user + vote.at} variant="body2" sx={{ overflowWrap: 'anywhere' }}>
          {t('vote', { user: vote.user, decision: t(`decision.${vote.decision}`, { defaultValue: vote.decision }) })}
          {vote.reason && ` (${vote.reason})`}, <When at={vote.at} />
        </Typography>
      ))}
    </Box>
  );
}

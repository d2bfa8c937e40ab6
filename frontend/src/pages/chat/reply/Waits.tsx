import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Budget } from './picture';
import { RaiseBudget } from './RaiseBudget';

type Props = { replyId: string; approvals: readonly string[]; budget: Budget | null };

/** What the reply waits for, with what a person can do about it. */
export function Waits({ replyId, approvals, budget }: Props) {
  const { t } = useTranslation('chat');
  return (
    <>
      {approvals.map((id) => (
        <Card key={id} sx={{ p: 2 }}>
          <Stack direction="row" spacing={1} sx={{ alignItems: 'center', justifyContent: 'space-between' }}>
            <Typography variant="body2">{t('reply.announceWait')}</Typography>
            <Button component={Link} to={`/inbox/${id}`} variant="contained" size="small">{t('work.waiting')}</Button>
          </Stack>
        </Card>
      ))}
      {budget && <RaiseBudget replyId={replyId} budget={budget} />}
    </>
  );
}

import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type SyntheticEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useGetReplyQuery, useRaiseReplyBudgetMutation } from '../../../api';
import { Loading } from '../../../parts/Loading';
import { Problem } from '../../../parts/Problem';
import { When } from '../../../parts/When';
import type { Budget } from './picture';

const MICRO = 1_000_000;
const LIMITS = { max_cost_micro_usd: 'reply.newLimit', max_tokens: 'reply.newLimitTokens', max_model_calls: 'reply.newLimitCalls' } as const;

function isOwn(limit: string): limit is keyof typeof LIMITS {
  return limit in LIMITS;
}

/** A reply that waits for its budget, with the field that raises the limit. */
export function RaiseBudget({ replyId, budget }: { replyId: string; budget: Budget }) {
  const { t } = useTranslation('chat');
  const { limit } = budget;
  return (
    <Alert severity="warning" variant="outlined" icon={false} sx={{ '& .MuiAlert-message': { width: '100%' } }}>
      <Typography variant="subtitle2" component="div">{t('reply.budget')}</Typography>
      <Typography variant="body2">{budget.message}</Typography>
      {budget.until && (
        <Typography variant="body2" component="div">
          {t('reply.until')} <When at={budget.until} />
        </Typography>
      )}
      {isOwn(limit) ? <Raise replyId={replyId} limit={limit} needed={budget.needed} /> : <Typography variant="body2">{t('reply.limits')}</Typography>}
    </Alert>
  );
}

function Raise({ replyId, limit, needed }: { replyId: string; limit: keyof typeof LIMITS; needed: number | null }) {
  const { t } = useTranslation('chat');
  const { data: reply } = useGetReplyQuery({ replyId }, { refetchOnMountOrArgChange: true });
  const [raise, { isLoading, error }] = useRaiseReplyBudgetMutation();
  const unit = limit === 'max_cost_micro_usd' ? MICRO : 1;
  const [value, setValue] = useState(needed === null ? '' : String(needed / unit));
  if (reply === undefined) return <Loading rows={1} />;
  const amount = Math.ceil(Number(value) * unit);
  const isValid = Number.isFinite(amount) && amount > 0;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    // The new limits replace all others.
    if (isValid) void raise({ replyId, budget: { ...reply.budget, [limit]: amount } });
  };
  return (
    <Stack component="form" direction={{ xs: 'column', sm: 'row' }} spacing={1} sx={{ mt: 1, alignItems: { sm: 'center' } }} onSubmit={submit}>
      <TextField label={t(LIMITS[limit])} value={value} onChange={(event) => setValue(event.target.value)} slotProps={{ htmlInput: { inputMode: 'decimal' } }} sx={{ maxWidth: 280 }} />
      <Button type="submit" variant="contained" disabled={!isValid || isLoading}>{t('reply.raise')}</Button>
      {error && <Problem error={error} compact />}
    </Stack>
  );
}

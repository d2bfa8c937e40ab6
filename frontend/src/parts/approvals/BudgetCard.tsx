import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Chip from '@mui/material/Chip';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { type BudgetWait, type TaskView, useRaiseTaskBudgetMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { addWords } from '../../app/words';
import texts from '../../words/approvals';
import { money } from '../Money';
import { Problem } from '../Problem';
import { Status } from '../Status';
import { microOf, usdText } from '../usd';
import { When } from '../When';

addWords('approvals', texts);

const LIMITS = ['max_cost_micro_usd', 'max_model_calls', 'max_tokens'] as const;
type Limit = (typeof LIMITS)[number];
type Props = { task: TaskView; wait: BudgetWait; onDone?: () => void };

/** A task that waits for a higher limit, and the ways to raise it. */
export function BudgetCard({ task, wait, onDone }: Props) {
  const { t } = useTranslation('approvals');
  const id = useId();
  const limit = LIMITS.find((each) => each === wait.limit);
  const raisable = wait.remedy.action === 'raise_budget' && limit !== undefined;
  return (
    <Card component="article" aria-labelledby={id}>
      <CardContent>
        <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap', mb: 1 }}>
          <Typography id={id} variant="h2" component="h2">{t('raise')}</Typography>
          <Chip size="small" variant="outlined" label={t('kind.budget')} />
          <Status status="waiting" />
        </Stack>
        <Link component={RouterLink} to={`/tasks/${task.id}`} underline="always" sx={{ overflowWrap: 'anywhere' }}>{task.title || task.goal}</Link>
        <Typography variant="body2" sx={{ my: 1, overflowWrap: 'anywhere' }}>{wait.message}</Typography>
        {wait.until && <Typography variant="body2">{t('budget.until')} <When at={wait.until} />.</Typography>}
        {raisable ? <Raise task={task} wait={wait} limit={limit} {...(onDone ? { onDone } : {})} /> : <Typography variant="body2" color="textSecondary">{t('budget.spending')}</Typography>}
      </CardContent>
    </Card>
  );
}

function Raise({ task, wait, limit, onDone }: Props & { limit: Limit }) {
  const { t } = useTranslation('approvals');
  const dispatch = useAppDispatch();
  const [raise, { isLoading, error }] = useRaiseTaskBudgetMutation();
  const isMoney = limit === 'max_cost_micro_usd';
  const words = (amount: number) => (isMoney ? money(amount) : amount.toLocaleString());
  const advised = wait.remedy.options?.[limit];
  const suggested = typeof advised === 'number' ? advised : (wait.needed ?? undefined);
  const [text, setText] = useState('');
  const amount = isMoney ? microOf(text) : /^[1-9]\d{0,14}$/.test(text.trim()) ? Number(text) : undefined;
  const low = amount !== undefined && wait.needed && amount < wait.needed ? t('budget.tooLow', { amount: words(wait.needed) }) : undefined;
  const wrong = text !== '' && amount === undefined ? t('budget.wrong') : (low ?? fieldErrors(error)[limit]);
  const send = async (value: number) => {
    const { error: failed } = await raise({ taskId: task.id, budget: { [limit]: value } });
    if (failed) return;
    showToast(dispatch, t('done.budget'));
    onDone?.();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (amount !== undefined && !low) void send(amount);
  };
  return (
    <Stack spacing={1.5} sx={{ mt: 1 }}>
      {wait.needed && <Typography variant="body2" color="textSecondary">{t('budget.needed', { amount: words(wait.needed) })}</Typography>}
      {error !== undefined && <Problem error={error} compact />}
      <Stack component="form" noValidate direction="row" spacing={1} useFlexGap onSubmit={submit} sx={{ flexWrap: 'wrap', alignItems: 'flex-start' }}>
        {suggested !== undefined && <Button variant="contained" data-key="approve" disabled={isLoading} onClick={() => void send(suggested)}>{t('budget.set', { amount: words(suggested) })}</Button>}
        <TextField
          label={`${t('budget.own')} (${t(`budget.limit.${limit}`)})`} value={text} onChange={(event) => setText(event.target.value)} error={Boolean(wrong)} helperText={wrong}
          placeholder={isMoney && suggested ? usdText(suggested) : ''} sx={{ width: 260 }} slotProps={{ htmlInput: { inputMode: isMoney ? 'decimal' : 'numeric' } }}
        />
        <Button type="submit" variant="outlined" disabled={isLoading || amount === undefined || Boolean(wrong)}>{t('budget.save')}</Button>
      </Stack>
    </Stack>
  );
}

import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRaiseTaskBudgetMutation, type TaskView } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { money } from '../../../parts/Money';
import { microOf, usdText } from '../../../parts/usd';
import { FormDialog } from './FormDialog';

const WHOLE = /^[1-9]\d{0,15}$/;

/** Set the limits of a task's budget. While the task waits for a higher one, the limit that lets it go on is suggested. */
export function BudgetDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [raise, { isLoading, error }] = useRaiseTaskBudgetMutation();
  const wait = task.waiting?.kind === 'budget' ? task.waiting : undefined;
  const advised = wait?.remedy.options ?? {};
  const [cost, setCost] = useState(advised.max_cost_micro_usd ? usdText(advised.max_cost_micro_usd) : '');
  const [calls, setCalls] = useState(String(advised.max_model_calls ?? ''));
  const [tokens, setTokens] = useState(String(advised.max_tokens ?? ''));
  const [tried, setTried] = useState(false);
  const micro = microOf(cost);
  const wrong = {
    cost: cost !== '' && micro === undefined ? t('budgetDialog.wrong') : undefined,
    calls: calls !== '' && !WHOLE.test(calls) ? t('budgetDialog.wrongWhole') : undefined,
    tokens: tokens !== '' && !WHOLE.test(tokens) ? t('budgetDialog.wrongWhole') : undefined,
  };
  const nothing = cost === '' && calls === '' && tokens === '';
  const rejected = fieldErrors(error);
  const send = async () => {
    setTried(true);
    if (nothing || wrong.cost || wrong.calls || wrong.tokens) return;
    const budget = {
      ...(micro ? { max_cost_micro_usd: micro } : {}), ...(calls ? { max_model_calls: Number(calls) } : {}), ...(tokens ? { max_tokens: Number(tokens) } : {}),
    };
    const result = await raise({ taskId: task.id, budget });
    if (result.error) return;
    showToast(dispatch, t('done.budget'));
    onClose();
  };
  const usedTokens = (task.usage.input_tokens ?? 0) + (task.usage.output_tokens ?? 0);
  const hint = (used: string, now: string | undefined) => `${t('budgetDialog.used', { amount: used })}${now ? ` ${t('facts.ofBudget', { amount: now })}` : ''}`;
  const limit = task.budget;
  const needed = wait?.needed ? (wait.limit === 'max_cost_micro_usd' ? money(wait.needed) : String(wait.needed)) : undefined;
  return (
    <FormDialog title={t('budgetDialog.title')} about={t('budgetDialog.about')} confirm={t('budgetDialog.confirm')} busy={isLoading} error={error} onSubmit={() => void send()} onClose={onClose}>
      {needed && <Typography variant="body2">{t('budgetDialog.needed', { amount: needed })}</Typography>}
      <TextField
        label={t('budgetDialog.cost')} value={cost} onChange={(event) => setCost(event.target.value)} autoFocus error={Boolean(wrong.cost ?? rejected.max_cost_micro_usd)}
        helperText={wrong.cost ?? rejected.max_cost_micro_usd ?? hint(money(task.spent_micro_usd), limit?.max_cost_micro_usd ? money(limit.max_cost_micro_usd) : undefined)}
        slotProps={{ htmlInput: { inputMode: 'decimal' } }}
      />
      <TextField
        label={t('budgetDialog.calls')} value={calls} onChange={(event) => setCalls(event.target.value.trim())} error={Boolean(wrong.calls ?? rejected.max_model_calls)}
        helperText={wrong.calls ?? rejected.max_model_calls ?? hint(String(task.model_calls), limit?.max_model_calls ? String(limit.max_model_calls) : undefined)}
        slotProps={{ htmlInput: { inputMode: 'numeric' } }}
      />
      <TextField
        label={t('budgetDialog.tokens')} value={tokens} onChange={(event) => setTokens(event.target.value.trim())} error={Boolean(wrong.tokens ?? rejected.max_tokens)}
        helperText={wrong.tokens ?? rejected.max_tokens ?? hint(usedTokens.toLocaleString(), limit?.max_tokens?.toLocaleString())}
        slotProps={{ htmlInput: { inputMode: 'numeric' } }}
      />
      <Typography variant="caption" role={tried && nothing ? 'alert' : undefined} color={tried && nothing ? 'error' : 'textSecondary'}>
        {t(tried && nothing ? 'budgetDialog.nothing' : 'budgetDialog.empty')}
      </Typography>
    </FormDialog>
  );
}

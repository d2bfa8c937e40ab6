import TextField from '@mui/material/TextField';
import { type SyntheticEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ChatSessionView, useCreateChatTaskMutation } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { FormDialog } from './FormDialog';

const MICRO = 1_000_000;

/** Start a task whose agents receive the end of the conversation. */
export default function StartTask({ session, onClose }: { session: ChatSessionView; onClose: () => void }) {
  const { t } = useTranslation('chat');
  const [goal, setGoal] = useState('');
  const [limit, setLimit] = useState('');
  // One key for each text: sending it again after a lost connection starts one task.
  const key = useMemo(() => `${crypto.randomUUID()}${goal.length}${limit.length}`, [goal, limit]);
  const [create, { isLoading, error }] = useCreateChatTaskMutation();
  const wrong = fieldErrors(error);
  const micro = Math.round(Number(limit.replace(',', '.')) * MICRO);
  const isWrong = limit.trim() !== '' && !(micro > 0);
  const start = async (event: SyntheticEvent) => {
    event.preventDefault();
    const task = { goal: goal.trim(), model: session.model, ...(limit.trim() === '' ? {} : { budget: { max_cost_micro_usd: micro } }) };
    const result = await create({ sessionId: session.id, taskMessageSpec: { task }, 'Idempotency-Key': key });
    if (!result.error) onClose();
  };
  return (
    <FormDialog title={t('dialogs.task')} hint={t('dialogs.taskHint')} confirm={t('dialogs.start')} busy={isLoading || goal.trim() === '' || isWrong} error={error} onSubmit={start} onClose={onClose}>
      <TextField autoFocus multiline minRows={3} maxRows={10} label={t('dialogs.goal')} value={goal} onChange={(event) => setGoal(event.target.value)} helperText={wrong['task.goal']} error={wrong['task.goal'] !== undefined} />
      <TextField label={t('dialogs.maxCost')} value={limit} onChange={(event) => setLimit(event.target.value)} error={isWrong} helperText={isWrong ? t('dialogs.maxCostWrong') : undefined} slotProps={{ htmlInput: { inputMode: 'decimal' } }} />
    </FormDialog>
  );
}

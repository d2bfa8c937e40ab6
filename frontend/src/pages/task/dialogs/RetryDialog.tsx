import Alert from '@mui/material/Alert';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRetryTaskMutation, type TaskView } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { microOf } from '../../../parts/usd';
import { FormDialog } from './FormDialog';
import { ModelChoice } from './ModelChoice';

/** Retry a failed task, with another model, guidance or budget. */
export function RetryDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [retry, { isLoading, error }] = useRetryTaskMutation();
  const [model, setModel] = useState('');
  const [guidance, setGuidance] = useState('');
  const [cost, setCost] = useState('');
  const micro = microOf(cost);
  const wrong = cost !== '' && micro === undefined;
  const rejected = fieldErrors(error);
  const send = async () => {
    if (wrong) return;
    const wish = { ...(model ? { model } : {}), ...(guidance.trim() ? { guidance } : {}), ...(micro ? { budget: { max_cost_micro_usd: micro } } : {}) };
    const result = await retry({ taskId: task.id, wish });
    if (result.error) return;
    showToast(dispatch, t('done.retry'));
    onClose();
  };
  return (
    <FormDialog title={t('retryDialog.title', { title: task.title })} about={t('retryDialog.about')} confirm={t('retryDialog.confirm')} busy={isLoading} error={error} onSubmit={() => void send()} onClose={onClose}>
      {task.remedy?.message && <Alert severity="info" variant="outlined">{task.remedy.message}</Alert>}
      {task.remedy?.change?.map((field) => <Alert key={field} severity="warning" variant="outlined">{t(`notices.change.${field}`)}</Alert>)}
      <ModelChoice label={t('retryDialog.model')} none={t('retryDialog.same')} value={model} error={rejected.model} onChange={setModel} />
      <TextField label={t('retryDialog.guidance')} helperText={rejected.guidance ?? t('retryDialog.guidanceHint')} error={Boolean(rejected.guidance)} multiline minRows={2} maxRows={8} value={guidance} onChange={(event) => setGuidance(event.target.value)} />
      <TextField label={t('retryDialog.cost')} value={cost} onChange={(event) => setCost(event.target.value)} error={wrong} helperText={wrong ? t('budgetDialog.wrong') : t('retryDialog.costHint')} slotProps={{ htmlInput: { inputMode: 'decimal' } }} />
    </FormDialog>
  );
}

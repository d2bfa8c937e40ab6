import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChangeTaskMutation, type TaskView } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { Choose } from '../../../parts/Choose';
import { FormDialog } from './FormDialog';
import { ModelChoice } from './ModelChoice';

/** Change a task that hasn't begun. Only what was changed is sent; of a queued task, title and priority can change. */
export function EditDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [change, { isLoading, error }] = useChangeTaskMutation();
  const [title, setTitle] = useState(task.title);
  const [goal, setGoal] = useState(task.goal);
  const [priority, setPriority] = useState(task.priority);
  const [model, setModel] = useState(task.model ?? '');
  const rejected = fieldErrors(error);
  const draft = task.status === 'draft';
  const send = async () => {
    const taskChange = {
      ...(title !== task.title ? { title } : {}), ...(priority !== task.priority ? { priority } : {}),
      ...(draft && goal !== task.goal ? { goal } : {}), ...(draft && model && model !== task.model ? { model } : {}),
    };
    if (Object.keys(taskChange).length > 0) {
      const result = await change({ taskId: task.id, taskChange });
      if (result.error) return;
      showToast(dispatch, t('done.edit'));
    }
    onClose();
  };
  return (
    <FormDialog title={t('editDialog.title')} confirm={t('editDialog.confirm')} busy={isLoading} error={error} onSubmit={() => void send()} onClose={onClose}>
      <TextField label={t('editDialog.name')} autoFocus value={title} onChange={(event) => setTitle(event.target.value)} error={Boolean(rejected.title)} helperText={rejected.title} />
      {draft && <TextField label={t('editDialog.goal')} multiline minRows={3} maxRows={14} value={goal} onChange={(event) => setGoal(event.target.value)} error={Boolean(rejected.goal)} helperText={rejected.goal} />}
      <Choose label={t('editDialog.priority')} value={String(priority)} onChange={(value) => setPriority(Number(value))} options={(['1', '2', '3', '4', '5'] as const).map((each) => [each, t(`priorities.${each}`)])} />
      {draft && <ModelChoice label={t('editDialog.model')} none={t('facts.defaultModel')} value={model} error={rejected.model} onChange={setModel} />}
    </FormDialog>
  );
}

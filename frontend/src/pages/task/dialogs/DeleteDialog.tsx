import { useTranslation } from 'react-i18next';
import { useDeleteTaskMutation, type TaskView } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { ConfirmDialog } from '../../../parts/ConfirmDialog';

type Props = { task: TaskView; onClose: () => void; onDeleted?: () => void };

/** Asks before a task's content is deleted. */
export function DeleteDialog({ task, onClose, onDeleted }: Props) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [remove, { isLoading, error }] = useDeleteTaskMutation();
  const send = async () => {
    const result = await remove({ taskId: task.id });
    if (result.error) return;
    showToast(dispatch, t('done.delete', { title: task.title }));
    onClose();
    onDeleted?.();
  };
  return (
    <ConfirmDialog
      open title={t('deleteDialog.title', { title: task.title })} text={t('deleteDialog.text')} confirm={t('deleteDialog.confirm')}
      busy={isLoading} error={error} onConfirm={() => void send()} onClose={onClose}
    />
  );
}

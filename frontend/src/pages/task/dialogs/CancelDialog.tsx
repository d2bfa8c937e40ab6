import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { useCancelTaskMutation, type TaskView } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { ConfirmDialog } from '../../../parts/ConfirmDialog';
import { useNodes } from '../useNodes';

const NAMED = 8;

/** Asks before a task is cancelled, and says what is cut. */
export function CancelDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const nodes = useNodes(task.id);
  const [cancel, { isLoading, error }] = useCancelTaskMutation();
  const running = nodes.filter(({ status }) => status === 'running');
  const pending = nodes.filter(({ status }) => status === 'pending').length;
  const send = async () => {
    const result = await cancel({ taskId: task.id });
    if (result.error) return;
    showToast(dispatch, t('done.cancel'));
    onClose();
  };
  return (
    <ConfirmDialog
      open title={t('cancelDialog.title', { title: task.title })} text={t(task.status === 'draft' ? 'cancelDialog.draft' : 'cancelDialog.text')}
      confirm={t('cancelDialog.confirm')} busy={isLoading} error={error} onConfirm={() => void send()} onClose={onClose}
    >
      {running.length > 0 && (
        <Typography variant="body2" component="div" sx={{ mt: 2 }}>
          {t('cancelDialog.running', { count: running.length })}
          <ul>
            {running.slice(0, NAMED).map(({ path, title, key }) => <li key={path}>{title || key}</li>)}
            {running.length > NAMED && <li>{t('notices.morePending', { count: running.length - NAMED })}</li>}
          </ul>
        </Typography>
      )}
      {pending > 0 && <Typography variant="body2" sx={{ mt: 1 }}>{t('cancelDialog.pending', { count: pending })}</Typography>}
    </ConfirmDialog>
  );
}

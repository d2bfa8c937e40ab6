import CancelIcon from '@mui/icons-material/StopCircleOutlined';
import MoreIcon from '@mui/icons-material/MoreHoriz';
import PauseIcon from '@mui/icons-material/Pause';
import PlayIcon from '@mui/icons-material/PlayArrow';
import RetryIcon from '@mui/icons-material/Replay';
import SteerIcon from '@mui/icons-material/TipsAndUpdatesOutlined';
import Button from '@mui/material/Button';
import Divider from '@mui/material/Divider';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Tooltip from '@mui/material/Tooltip';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useExecuteTaskMutation, usePauseTaskMutation, useResumeTaskMutation, type TaskView } from '../../../api';
import { problemOf } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { allows } from '../allowed';
import type { TaskDialog } from '../dialogs/TaskDialogs';

type Props = { task: TaskView; onDialog: (dialog: TaskDialog) => void };

/** What the user can do with the task in its present state. */
export function Actions({ task, onDialog }: Props) {
  const { t } = useTranslation(['task', 'common']);
  const dispatch = useAppDispatch();
  const [menu, setMenu] = useState<HTMLElement | null>(null);
  const [execute, executing] = useExecuteTaskMutation();
  const [pause, pausing] = usePauseTaskMutation();
  const [resume, resuming] = useResumeTaskMutation();
  const busy = executing.isLoading || pausing.isLoading || resuming.isLoading;
  const send = async (name: 'execute' | 'pause' | 'resume', action: typeof pause) => {
    const { error } = await action({ taskId: task.id });
    if (error) showToast(dispatch, problemOf(error)?.detail ?? t('common:unknown'), 'error');
    else showToast(dispatch, t(`done.${name}`));
  };
  const choose = (dialog: TaskDialog) => {
    setMenu(null);
    onDialog(dialog);
  };
  const can = (action: Parameters<typeof allows>[1]) => allows(task, action);
  return (
    <>
      {can('execute') && <Button variant="contained" startIcon={<PlayIcon />} disabled={busy} onClick={() => void send('execute', execute)}>{t('actions.execute')}</Button>}
      {can('resume') && <Button variant="contained" startIcon={<PlayIcon />} disabled={busy} onClick={() => void send('resume', resume)}>{t('actions.resume')}</Button>}
      {can('retry') && <Button variant="contained" startIcon={<RetryIcon />} onClick={() => onDialog('retry')}>{t('actions.retry')}</Button>}
      {can('steer') && <Button variant="outlined" startIcon={<SteerIcon />} onClick={() => onDialog('steer')}>{t('actions.steer')}</Button>}
      {can('pause') && <Button variant="outlined" startIcon={<PauseIcon />} disabled={busy} onClick={() => void send('pause', pause)}>{t('actions.pause')}</Button>}
      {can('cancel') && task.status !== 'draft' && <Button variant="outlined" color="error" startIcon={<CancelIcon />} onClick={() => onDialog('cancel')}>{t('actions.cancel')}</Button>}
      <Tooltip title={t('actions.more')}>
        <IconButton aria-label={t('actions.more')} aria-haspopup="menu" aria-expanded={menu !== null} onClick={(event) => setMenu(event.currentTarget)} sx={{ border: 1, borderColor: 'divider', borderRadius: 1, width: 36, height: 36 }}>
          <MoreIcon fontSize="small" />
        </IconButton>
      </Tooltip>
      <Menu anchorEl={menu} open={menu !== null} onClose={() => setMenu(null)} anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }} transformOrigin={{ vertical: 'top', horizontal: 'right' }}>
        {can('budget') && <MenuItem onClick={() => choose('budget')}>{t('actions.budget')}</MenuItem>}
        {can('edit') && <MenuItem onClick={() => choose('edit')}>{t('actions.edit')}</MenuItem>}
        <MenuItem onClick={() => choose('share')}>{t('actions.share')}</MenuItem>
        {task.status !== 'draft' && (
          <MenuItem component="a" href={task.temporal_url} target="_blank" rel="noopener noreferrer" onClick={() => setMenu(null)}>{t('actions.temporal')}</MenuItem>
        )}
        {can('delete') && <Divider />}
        {can('delete') && <MenuItem onClick={() => choose('delete')} sx={{ color: 'error.main' }}>{t('common:delete')}</MenuItem>}
      </Menu>
    </>
  );
}

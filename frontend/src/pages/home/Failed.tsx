import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { type TaskView, useListTasksQuery, useRetryTaskMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Problem } from '../../parts/Problem';
import { When } from '../../parts/When';
import { Panel, Rows } from './Panel';

/** The newest tasks that failed. */
export function Failed() {
  const { t } = useTranslation('home');
  const { data } = useListTasksQuery({ status: ['failed'], limit: 3 });
  const tasks = data?.items ?? [];
  return (
    <Panel title={t('failed')} to="/tasks?status=failed" empty={tasks.length === 0 && t('noFailed')}>
      <Rows>{tasks.map((task) => <Row key={task.id} task={task} />)}</Rows>
    </Panel>
  );
}

function Row({ task }: { task: TaskView }) {
  const { t } = useTranslation('home');
  const dispatch = useAppDispatch();
  const [retry, { isLoading, error }] = useRetryTaskMutation();
  const again = async () => {
    const result = await retry({ taskId: task.id, wish: null });
    if (!result.error) showToast(dispatch, t('retried'));
  };
  return (
    <li>
      <Stack direction="row" spacing={1.5} sx={{ alignItems: 'center' }}>
        <Stack sx={{ flexGrow: 1, minWidth: 0 }}>
          <Link component={RouterLink} to={`/tasks/${task.id}`} color="textPrimary" variant="body2" noWrap sx={{ fontWeight: 600 }}>{task.title || task.goal}</Link>
          <Typography variant="caption" color="textSecondary" noWrap>{task.ended_at && <><When at={task.ended_at} /> · </>}{task.error}</Typography>
        </Stack>
        {task.remedy?.retry !== false && <Button size="small" variant="outlined" disabled={isLoading} onClick={() => void again()} aria-label={`${t('retry')}: ${task.title}`}>{t('retry')}</Button>}
      </Stack>
      {error !== undefined && <Problem error={error} compact />}
    </li>
  );
}

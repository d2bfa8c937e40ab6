import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { type TaskView, useListTasksQuery } from '../../api';
import { Money } from '../../parts/Money';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';
import { Took } from '../../parts/Took';
import { Panel, Rows } from './Panel';

const AGAIN_MS = 3000;

/** Tasks at work, with their progress. */
export function Running() {
  const { t } = useTranslation('home');
  const { data } = useListTasksQuery({ status: ['running', 'queued', 'paused', 'cancelling'], limit: 8 }, { pollingInterval: AGAIN_MS, skipPollingIfUnfocused: true });
  const tasks = data?.items ?? [];
  return (
    <Panel title={t('running')} to="/tasks?status=running" empty={tasks.length === 0 && t('noRunning')}>
      <Rows>{tasks.map((task) => <Row key={task.id} task={task} />)}</Rows>
    </Panel>
  );
}

function Row({ task }: { task: TaskView }) {
  const { t } = useTranslation('home');
  const { subtasks_done: done, subtasks_total: total } = task;
  const progress = total > 0 ? t('progress', { done, total }) : t('steps');
  return (
    <Box component="li">
      <Stack direction="row" spacing={1.5} sx={{ alignItems: 'center' }}>
        <Status status={task.status} />
        <Link component={RouterLink} to={`/tasks/${task.id}`} color="textPrimary" variant="body2" noWrap sx={{ fontWeight: 600, flexGrow: 1, minWidth: 0 }}>{task.title || task.goal}</Link>
        {task.simulated && <Simulated />}
      </Stack>
      {task.status === 'running' && <LinearProgress aria-label={progress} {...(total > 0 ? { variant: 'determinate', value: (done / total) * 100 } : {})} sx={{ my: 0.75, borderRadius: 1 }} />}
      <Typography variant="caption" color="textSecondary" component="div">
        {progress} · <Money micro={task.spent_micro_usd} />{task.started_at && <> · <Took from={task.started_at} to={task.ended_at} /></>}
      </Typography>
    </Box>
  );
}

import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import MuiLink from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { type ComponentType, lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { useGetTaskQuery, type TaskView } from '../../api';
import { statusOf } from '../../api/problems';
import { useTitle } from '../../app/hooks';
import { addWords } from '../../app/words';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';
import texts from '../../words/task';
import { isOpen } from './allowed';
import { type TaskDialog, TaskDialogs } from './dialogs/TaskDialogs';
import { Actions } from './header/Actions';
import { Facts } from './header/Facts';
import { Goal } from './header/Goal';
import { Notices } from './header/Notices';

addWords('task', texts);

const Graph = lazy(() => import('./graph/View'));
const VIEWS: Record<'result' | 'transcript' | 'timeline' | 'cost' | 'files' | 'events', ComponentType<{ task: TaskView }>> = {
  result: lazy(() => import('./result/View')), transcript: lazy(() => import('./transcript/View')), timeline: lazy(() => import('./timeline/View')),
  cost: lazy(() => import('./cost/View')), files: lazy(() => import('./files/View')), events: lazy(() => import('./events/View')),
};
const NAMES = ['graph', 'result', 'transcript', 'timeline', 'cost', 'files', 'events'] as const;
type Name = (typeof NAMES)[number];

/** A second way to the newest state besides the socket, for networks that block sockets. */
const POLL_MS = 4000;

/** A task: what it does, what it costs, what it waits for, and what can be done about it. */
export default function Task() {
  const { t } = useTranslation('task');
  const { id = '', view } = useParams();
  const [ended, setEnded] = useState(false);
  const { data: task, error, refetch } = useGetTaskQuery({ taskId: id }, { pollingInterval: ended ? 0 : POLL_MS, skipPollingIfUnfocused: true });
  if (task && ended === isOpen(task.status)) setEnded(!isOpen(task.status));
  if (error !== undefined && [403, 404, 422].includes(statusOf(error) ?? 0)) return <Gone />;
  if (error !== undefined && task === undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (task === undefined) return <Loading rows={6} />;
  return <Shown key={id} task={task} view={NAMES.find((name) => name === view) ?? 'graph'} label={t('viewsLabel')} />;
}

function Gone() {
  const { t } = useTranslation('task');
  useTitle(t('gone'));
  return <EmptyState level="h1" title={t('gone')} hint={t('goneHint')} action={<Button variant="outlined" component={Link} to="/tasks">{t('allTasks')}</Button>} />;
}

function Shown({ task, view, label }: { task: TaskView; view: Name; label: string }) {
  const { t } = useTranslation('task');
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<TaskDialog>();
  const title = task.title || t('untitled');
  const View = view === 'graph' ? undefined : VIEWS[view];
  return (
    <>
      <PageHeader
        title={title}
        documentTitle={view === 'graph' ? title : `${title} · ${t(`views.${view}`)}`}
        above={<MuiLink component={Link} to="/tasks" variant="caption">{t('tasks')}</MuiLink>}
        about={(
          <Stack spacing={1}>
            <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
              <Status status={task.status} />
              {task.simulated && <Simulated />}
            </Stack>
            {task.goal !== title && <Goal text={task.goal} />}
          </Stack>
        )}
        actions={<Actions task={task} onDialog={setDialog} />}
      />
      <Notices task={task} onDialog={setDialog} />
      <Facts task={task} />
      <Tabs value={view} variant="scrollable" scrollButtons="auto" allowScrollButtonsMobile aria-label={label} sx={{ mt: 2, mb: 2, borderBottom: 1, borderColor: 'divider' }}>
        {NAMES.map((name) => (
          <Tab key={name} value={name} label={t(`views.${name}`)} component={Link} to={`/tasks/${task.id}${name === 'graph' ? '' : `/${name}`}`} />
        ))}
      </Tabs>
      <Box sx={{ minWidth: 0 }}>
        <Suspense fallback={<Loading rows={4} />}>{View ? <View task={task} /> : <Graph id={task.id} />}</Suspense>
      </Box>
      {dialog && <TaskDialogs task={task} open={dialog} onClose={() => setDialog(undefined)} onDeleted={() => void navigate('/tasks')} />}
    </>
  );
}

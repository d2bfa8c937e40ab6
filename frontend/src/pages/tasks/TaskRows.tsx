import MoreIcon from '@mui/icons-material/MoreHoriz';
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import LinearProgress from '@mui/material/LinearProgress';
import MuiLink from '@mui/material/Link';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { TaskView } from '../../api';
import { Money } from '../../parts/Money';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';
import { Took } from '../../parts/Took';
import { When } from '../../parts/When';
import { allows } from '../task/allowed';
import type { TaskDialog } from '../task/dialogs/TaskDialogs';

type OnDialog = (task: TaskView, dialog: TaskDialog) => void;

const COLUMNS = '112px minmax(0, 1fr) 120px 100px 104px 92px 40px';
const GRID = {
  display: 'grid', columnGap: 2, rowGap: 0.5, alignItems: 'center', px: 2, py: 1.25,
  gridTemplateColumns: { xs: 'minmax(0, 1fr) 40px', md: COLUMNS },
  gridTemplateAreas: { xs: '"task menu" "facts facts"', md: 'none' },
} as const;

/** Tasks as rows; on narrow screens as cards. */
export function TaskRows({ tasks, onDialog }: { tasks: TaskView[]; onDialog: OnDialog }) {
  const { t } = useTranslation('tasks');
  const heads = ['status', 'task', 'progress', 'cost', 'created', 'took'] as const;
  return (
    <Box sx={{ border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
      <Box aria-hidden sx={{ ...GRID, display: { xs: 'none', md: 'grid' }, py: 1, borderBottom: 1, borderColor: 'divider', gridTemplateAreas: 'none' }}>
        {heads.map((head) => <Typography key={head} variant="caption" color="textSecondary" sx={{ fontWeight: 600 }}>{t(head)}</Typography>)}
      </Box>
      <Box component="ul" aria-label={t('list')} sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {tasks.map((task) => <Row key={task.id} task={task} onDialog={onDialog} />)}
      </Box>
    </Box>
  );
}

function Row({ task, onDialog }: { task: TaskView; onDialog: OnDialog }) {
  const { t } = useTranslation('tasks');
  const waits = task.status === 'waiting' && (task.approvals_pending ?? 0) > 0;
  const remark = waits ? t('pending', { count: task.approvals_pending ?? 0 }) : task.status === 'queued' && task.queue_place ? t('place', { place: task.queue_place }) : (task.model ?? '');
  return (
    <Box component="li" sx={{ ...GRID, '&:not(:last-of-type)': { borderBottom: 1, borderColor: 'divider' }, '&:hover': { bgcolor: 'surface.sunken' } }}>
      {/* On narrow screens these cells flow in one line below the title; on wide ones they are the grid's columns. */}
      <Box sx={{ gridArea: { xs: 'task', md: 'auto' }, gridColumn: { md: 2 }, gridRow: { md: 1 }, minWidth: 0 }}>
        <MuiLink component={Link} to={`/tasks/${task.id}`} color="inherit" sx={{ fontWeight: 600, fontSize: '0.875rem', display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: { md: 'nowrap' }, overflowWrap: 'anywhere' }}>
          {task.title || task.goal}
        </MuiLink>
        <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
          {remark && <Typography variant="caption" color={waits ? 'warning' : 'textSecondary'} noWrap>{remark}</Typography>}
          {task.simulated && <Simulated />}
        </Stack>
      </Box>
      <Box sx={{ gridArea: { xs: 'menu', md: 'auto' }, gridColumn: { md: 7 }, gridRow: { md: 1 } }}><RowMenu task={task} onDialog={onDialog} /></Box>
      <Box sx={{ gridArea: { xs: 'facts' }, display: { xs: 'flex', md: 'contents' }, flexWrap: 'wrap', columnGap: 2, rowGap: 0.5, alignItems: 'center', '& > *': { gridRow: { md: 1 } } }}>
        <Box sx={{ gridColumn: { md: 1 } }}><Status status={task.status} /></Box>
        <Box sx={{ gridColumn: { md: 3 }, minWidth: 0 }}>{task.subtasks_total > 0 && <Progress done={task.subtasks_done} total={task.subtasks_total} />}</Box>
        <Typography variant="caption" component="div" sx={{ gridColumn: { md: 4 } }}><Money micro={task.spent_micro_usd} /></Typography>
        <Typography variant="caption" component="div" color="textSecondary" sx={{ gridColumn: { md: 5 } }}><When at={task.created_at} /></Typography>
        <Typography variant="caption" component="div" color="textSecondary" sx={{ gridColumn: { md: 6 } }}>{task.started_at && <Took from={task.started_at} to={task.ended_at} />}</Typography>
      </Box>
    </Box>
  );
}

function Progress({ done, total }: { done: number; total: number }) {
  const { t } = useTranslation('tasks');
  return (
    <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
      <LinearProgress variant="determinate" aria-label={t('subtasks')} value={(done / total) * 100} color="inherit" sx={{ width: 48, height: 4, borderRadius: 2, color: 'text.secondary' }} />
      <Typography variant="caption" color="textSecondary" sx={{ whiteSpace: 'nowrap' }}>{t('done', { done, total })}</Typography>
    </Stack>
  );
}

function RowMenu({ task, onDialog }: { task: TaskView; onDialog: OnDialog }) {
  const { t } = useTranslation(['task', 'common']);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const choose = (dialog: TaskDialog) => {
    setAnchor(null);
    onDialog(task, dialog);
  };
  return (
    <>
      <IconButton size="small" aria-label={t('actions.of', { title: task.title })} aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)}>
        <MoreIcon fontSize="small" />
      </IconButton>
      {anchor && (
        <Menu anchorEl={anchor} open onClose={() => setAnchor(null)}>
          {allows(task, 'retry') && <MenuItem onClick={() => choose('retry')}>{t('actions.retry')}</MenuItem>}
          {allows(task, 'budget') && <MenuItem onClick={() => choose('budget')}>{t('actions.budget')}</MenuItem>}
          <MenuItem onClick={() => choose('share')}>{t('actions.share')}</MenuItem>
          {allows(task, 'cancel') && <MenuItem onClick={() => choose('cancel')} sx={{ color: 'error.main' }}>{t('actions.cancel')}</MenuItem>}
          {allows(task, 'delete') && <MenuItem onClick={() => choose('delete')} sx={{ color: 'error.main' }}>{t('common:delete')}</MenuItem>}
        </Menu>
      )}
    </>
  );
}

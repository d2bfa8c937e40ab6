import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import type { TaskView } from '../../../api';
import { At } from '../../../parts/When';
import { allows } from '../allowed';
import type { TaskDialog } from '../dialogs/TaskDialogs';
import { useNodes } from '../useNodes';
import { ApprovalNotice, BlockedNotice, BudgetNotice } from './Waits';

type Props = { task: TaskView; onDialog: (dialog: TaskDialog) => void };

/** Why the task is in its state, and what to do about it. */
export function Notices({ task, onDialog }: Props) {
  const { t } = useTranslation('task');
  const nodes = useNodes(task.id);
  const blocked = task.blocked_by ?? [];
  return (
    <Stack spacing={1.5} role="status" sx={{ '&:not(:empty)': { mb: 2 } }}>
      {task.status === 'draft' && <Alert severity="info" variant="outlined">{t('notices.draft')}</Alert>}
      {task.status === 'queued' && <Alert severity="info" variant="outlined">{task.queue_place ? t('notices.queued', { place: task.queue_place }) : t('notices.queuedPlain')}</Alert>}
      {task.status === 'paused' && <Alert severity="info" variant="outlined">{t('notices.paused')}</Alert>}
      {task.status === 'cancelling' && <Alert severity="info" variant="outlined">{t('notices.cancelling')}</Alert>}
      {task.waiting?.kind === 'approval' && <ApprovalNotice wait={task.waiting} />}
      {task.waiting?.kind === 'budget' && <BudgetNotice wait={task.waiting} onRaise={() => onDialog('budget')} />}
      {blocked.length > 0 && <BlockedNotice calls={blocked} nodes={nodes} />}
      {task.status === 'failed' && <Failed task={task} />}
      {task.status === 'cancelled' && <Cancelled task={task} cut={nodes.filter(({ status }) => status === 'cancelled').map(({ title, key }) => title || key)} />}
      {task.status === 'completed' && task.finish_reason === 'length' && <Alert severity="warning" variant="outlined">{t('notices.length')}</Alert>}
      {task.status === 'completed' && task.finish_reason === 'interrupted' && <Alert severity="warning" variant="outlined">{t('notices.interrupted')}</Alert>}
    </Stack>
  );
}

function Failed({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  return (
    <Alert severity="error" variant="outlined" sx={{ overflowWrap: 'anywhere' }}>
      {task.error ?? t('notices.failed')}
      {task.error_code && <> (<Link href={`/docs/errors#${task.error_code}`} color="inherit" underline="always">{task.error_code}</Link>)</>}
      {task.remedy && <Typography variant="body2" sx={{ mt: 0.5 }}>{task.remedy.message}</Typography>}
      {(task.remedy?.new_task || !allows(task, 'retry')) && <Button size="small" variant="outlined" color="inherit" component={RouterLink} to="/tasks/new" sx={{ mt: 1 }}>{t('actions.newTask')}</Button>}
    </Alert>
  );
}

function Cancelled({ task, cut }: { task: TaskView; cut: string[] }) {
  const { t } = useTranslation('task');
  return (
    <Alert severity="info" variant="outlined">
      {task.last_call_at ? <>{t('notices.lastCall')} <At at={task.last_call_at} seconds />.</> : t('notices.noCall')}
      {cut.length > 0 && (
        <Typography variant="body2" component="details">
          <summary>{t('notices.cut', { count: cut.length })}</summary>
          <ul>{cut.map((title, place) => <li key={place}>{title}</li>)}</ul>
        </Typography>
      )}
    </Alert>
  );
}

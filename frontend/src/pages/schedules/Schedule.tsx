import BackfillIcon from '@mui/icons-material/History';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import EditIcon from '@mui/icons-material/EditOutlined';
import RunIcon from '@mui/icons-material/BoltOutlined';
import ShareIcon from '@mui/icons-material/GroupAddOutlined';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import MuiLink from '@mui/material/Link';
import Typography from '@mui/material/Typography';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { type ScheduleView, useDeleteScheduleMutation, useGetScheduleQuery, useTriggerScheduleMutation } from '../../api';
import { etagOf } from '../../api/etags';
import { problemOf, statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { addWords } from '../../app/words';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { money } from '../../parts/Money';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Status } from '../../parts/Status';
import { useTimeZone } from '../../parts/times';
import texts from '../../words/schedules';
import { NextRuns } from './NextRuns';
import { PauseButton } from './PauseButton';
import { Runs } from './Runs';
import { inWords } from './timing';

addWords('schedules', texts);

const BackfillDialog = lazy(() => import('./BackfillDialog'));
const EditSchedule = lazy(() => import('./EditSchedule'));
const ShareDialog = lazy(async () => ({ default: (await import('../../parts/ShareDialog')).ShareDialog }));

/** A schedule: when it runs, what its runs led to, and what can be done with it. */
export default function Schedule() {
  const { t } = useTranslation('schedules');
  const { id = '', view } = useParams();
  const { data, error, refetch } = useGetScheduleQuery({ scheduleId: id });
  const [loads, setLoads] = useState(0);
  const back = <MuiLink component={Link} to={view === 'edit' ? `/schedules/${id}` : '/schedules'} variant="body2">{view === 'edit' ? (data?.name ?? t('heading')) : t('heading')}</MuiLink>;
  if (statusOf(error) === 404) {
    return <EmptyState level="h1" title={t('gone')} hint={t('goneHint')} action={<Button component={Link} to="/schedules" variant="contained">{t('heading')}</Button>} />;
  }
  if (!data) return error ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading rows={6} />;
  const reload = () => void refetch().then(() => setLoads((count) => count + 1));
  return (
    <Box sx={{ maxWidth: 1200, mx: 'auto' }}>
      {view === 'edit' ? (
        <>
          <PageHeader above={back} title={t('editHeading', { name: data.name })} />
          <Suspense fallback={<Loading rows={6} />}><EditSchedule key={loads} schedule={data} onReload={reload} /></Suspense>
        </>
      ) : (
        <Overview schedule={data} above={back} />
      )}
    </Box>
  );
}

function Overview({ schedule, above }: { schedule: ScheduleView; above: ReactNode }) {
  const { t } = useTranslation(['schedules', 'common']);
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const own = useTimeZone();
  const [dialog, setDialog] = useState<'backfill' | 'delete' | 'share' | null>(null);
  const [trigger, triggering] = useTriggerScheduleMutation();
  const [remove, removing] = useDeleteScheduleMutation();
  const { id, name, task } = schedule;
  const runNow = async () => {
    const { error } = await trigger({ scheduleId: id });
    if (error) showToast(dispatch, problemOf(error)?.detail ?? t('common:away'), 'error');
    else showToast(dispatch, t('triggered'));
  };
  const confirmDelete = async () => {
    const etag = etagOf(`/api/v1/schedules/${id}`);
    const { error } = await remove({ scheduleId: id, ...(etag !== undefined && { 'If-Match': etag }) });
    if (error) return;
    showToast(dispatch, t('deleted', { name }));
    void navigate('/schedules');
  };
  const close = () => setDialog(null);
  const actions = (
    <>
      <Button variant="contained" startIcon={<RunIcon />} disabled={triggering.isLoading} onClick={() => void runNow()}>{t('trigger')}</Button>
      <PauseButton schedule={schedule} />
      <Button variant="outlined" startIcon={<EditIcon />} component={Link} to={`/schedules/${id}/edit`}>{t('edit')}</Button>
      <Button variant="outlined" startIcon={<BackfillIcon />} onClick={() => setDialog('backfill')}>{t('backfill')}</Button>
      <Button variant="outlined" startIcon={<ShareIcon />} onClick={() => setDialog('share')}>{t('share')}</Button>
      <Button variant="outlined" color="error" startIcon={<DeleteIcon />} onClick={() => setDialog('delete')}>{t('common:delete')}</Button>
    </>
  );
  const facts: (readonly [string, ReactNode])[] = [
    [t('overlap'), t(`overlaps.${schedule.overlap}`)],
    [t('model'), task.model ?? t('defaultModel')],
    [t('plannedBy'), task.plan ? t('subtaskCount', { count: task.plan.length }) : t('planner')],
    [t('budget'), task.budget?.max_cost_micro_usd ? t('perRun', { cost: money(task.budget.max_cost_micro_usd) }) : t('noBudget')],
  ];
  return (
    <>
      <PageHeader above={above} title={name} about={inWords(schedule, (key, values) => t(key, values))} actions={actions} />
      {schedule.note && <Alert severity="warning" variant="outlined" sx={{ mb: 2 }}>{schedule.note}</Alert>}
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) 340px' }, alignItems: 'start' }}>
        <Box component="section">
          <Typography variant="h2" sx={{ mb: 1.5 }}>{t('runs')}</Typography>
          <Runs scheduleId={id} />
        </Box>
        <Box sx={{ display: 'grid', gap: 2 }}>
          <Card component="section" sx={{ p: 2 }}>
            <Typography variant="h2" sx={{ fontSize: '0.9375rem', mb: 1 }}>{t('nextRuns')}</Typography>
            {schedule.paused ? (
              <><Status status="paused" /><Typography variant="body2" color="textSecondary">{t('pausedHint')}</Typography></>
            ) : (
              <NextRuns runs={schedule.next_runs} zone={schedule.cron === null ? own : schedule.time_zone} />
            )}
          </Card>
          <Card component="section" sx={{ p: 2 }}>
            <Typography variant="h2" sx={{ fontSize: '0.9375rem', mb: 1 }}>{t('task')}</Typography>
            <Typography variant="body2" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', maxHeight: 240, overflow: 'auto' }} tabIndex={0} role="region" aria-label={t('goal')}>{task.goal}</Typography>
            <Box component="dl" sx={{ m: 0, mt: 1.5, display: 'grid', gap: 1 }}>
              {facts.map(([label, value]) => (
                <Box key={label}>
                  <Typography variant="caption" color="textSecondary" component="dt">{label}</Typography>
                  <Typography variant="body2" component="dd" sx={{ m: 0, overflowWrap: 'anywhere' }}>{value}</Typography>
                </Box>
              ))}
            </Box>
          </Card>
        </Box>
      </Box>
      <Suspense>
        {dialog === 'backfill' && <BackfillDialog schedule={schedule} onClose={close} />}
        {dialog === 'share' && <ShareDialog kind="schedule" id={id} name={name} onClose={close} />}
      </Suspense>
      <ConfirmDialog open={dialog === 'delete'} title={t('deleteTitle', { name })} text={t('deleteText')} confirm={t('common:delete')} busy={removing.isLoading} error={removing.error} onConfirm={() => void confirmDelete()} onClose={close} />
    </>
  );
}

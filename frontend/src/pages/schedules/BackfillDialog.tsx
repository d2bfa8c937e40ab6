import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogContentText from '@mui/material/DialogContentText';
import DialogTitle from '@mui/material/DialogTitle';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type BackfillOverlap, type ScheduleView, useBackfillScheduleMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Problem } from '../../parts/Problem';
import { useTimeZone } from '../../parts/times';
import { useKey } from '../new-task/useKey';
import { instantIn, localIn } from './zones';

const OVERLAPS: readonly BackfillOverlap[] = ['buffer_all', 'allow_all'];

/** Creates the runs of a time that has passed. */
export default function BackfillDialog({ schedule, onClose }: { schedule: ScheduleView; onClose: () => void }) {
  const { t } = useTranslation(['schedules', 'common']);
  const id = useId();
  const dispatch = useAppDispatch();
  const own = useTimeZone();
  const zone = schedule.cron === null ? own : schedule.time_zone;
  const keyOf = useKey();
  const [now] = useState(() => Date.now());
  const [start, setStart] = useState(() => localIn(new Date(now - 86_400_000), zone));
  const [end, setEnd] = useState(() => localIn(new Date(now), zone));
  const [overlap, setOverlap] = useState<BackfillOverlap>('buffer_all');
  const [backfill, { isLoading, error }] = useBackfillScheduleMutation();
  const errors = fieldErrors(error);
  const period = { start: instantIn(start, zone), end: instantIn(end, zone) };
  const wrong = !period.start || !period.end ? t('errors.period') : period.start >= period.end ? t('errors.order') : undefined;
  const send = async () => {
    if (!period.start || !period.end || wrong) return;
    const spec = { start: period.start, end: period.end, overlap };
    const { data } = await backfill({ scheduleId: schedule.id, 'Idempotency-Key': keyOf(spec), backfillSpec: spec });
    if (!data) return;
    showToast(dispatch, t('backfilled', { count: data.runs.length }));
    onClose();
  };
  const moment = (label: string, value: string, set: (value: string) => void, message: string | undefined) => (
    <TextField type="datetime-local" label={label} value={value} error={message !== undefined} helperText={message ?? zone}
      onChange={(event) => set(event.target.value)} slotProps={{ inputLabel: { shrink: true } }} />
  );
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id} sx={{ overflowWrap: 'anywhere' }}>{t('backfillTitle', { name: schedule.name })}</DialogTitle>
      <DialogContent>
        <DialogContentText sx={{ mb: 2 }}>{t('backfillHint')}</DialogContentText>
        <Stack spacing={2}>
          {moment(t('from'), start, setStart, errors.start)}
          {moment(t('to'), end, setEnd, wrong ?? errors.end)}
          <TextField select label={t('backfillOverlap')} value={overlap} onChange={(event) => setOverlap(event.target.value as BackfillOverlap)}>
            {OVERLAPS.map((each) => <MenuItem key={each} value={each}>{t(`backfillOverlaps.${each}`)}</MenuItem>)}
          </TextField>
          <Alert severity="info" variant="outlined">{t('backfillCost')}</Alert>
        </Stack>
        {error !== undefined && <Problem error={error} compact />}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{t('common:cancel')}</Button>
        <Button variant="contained" disabled={isLoading || wrong !== undefined} onClick={() => void send()}>{t('backfillStart')}</Button>
      </DialogActions>
    </Dialog>
  );
}

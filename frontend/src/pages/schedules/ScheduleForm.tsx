import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import FormControlLabel from '@mui/material/FormControlLabel';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import Switch from '@mui/material/Switch';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type FormEvent, type KeyboardEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overlap, ScheduleSpec } from '../../api';
import { fieldErrors, problemOf } from '../../api/problems';
import { addWords } from '../../app/words';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { useTimeZone } from '../../parts/times';
import taskTexts from '../../words/new-task';
import { Estimate } from '../new-task/Estimate';
import type { TaskForm } from '../new-task/form';
import { TaskFields } from '../new-task/TaskFields';
import { useTaskForm } from '../new-task/useTaskForm';
import { NextRuns } from './NextRuns';
import { type Timing, timesOf, wrongField } from './timing';
import { TimingFields } from './TimingFields';
import { usePreview } from './usePreview';

// The fields of the task have the texts of the page for new tasks.
addWords('new-task', taskTexts);

const OVERLAPS: readonly Overlap[] = ['skip', 'buffer_one', 'allow_all', 'cancel_other'];

export type Draft = { name: string; timing: Timing; overlap: Overlap; paused: boolean; task: TaskForm };

type Props = {
  initial: Draft;
  submit: string;
  /** Show who else changed the schedule, if the API says so. */
  conflict?: React.ReactNode;
  /** Save the schedule. Throws the API's problem. */
  onSubmit: (spec: ScheduleSpec) => Promise<void>;
};

/** A schedule: its name, its due times with the next ten of them, and its task. */
export function ScheduleForm({ initial, submit, conflict, onSubmit }: Props) {
  const { t } = useTranslation('schedules');
  const [draft, setDraft] = useState(initial);
  const [sent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const own = useTimeZone();
  const task = useTaskForm(initial.task);
  const box = useRef<HTMLFormElement>(null);
  const times = wrongField(draft.timing) ? undefined : timesOf(draft.timing);
  const preview = usePreview(times);
  const errors = { ...fieldErrors(error), ...fieldErrors(preview.error) };
  const name = sent && draft.name.trim() === '' ? t('errors.name') : errors.name;
  const change = (changes: Partial<Draft>) => {
    setDraft((now) => ({ ...now, ...changes }));
    setError(undefined);
  };
  const save = async () => {
    setSent(true);
    const spec = task.ready();
    if (!spec || !times || draft.name.trim() === '') {
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit({ name: draft.name.trim(), ...times, overlap: draft.overlap, paused: draft.paused, task: spec });
    } catch (caught) {
      setError(caught);
      task.reject(caught);
    } finally {
      setBusy(false);
    }
  };
  const onForm = (event: FormEvent) => {
    event.preventDefault();
    void save();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (!busy) void save();
  };
  const rejected = problemOf(preview.error);
  return (
    <Box component="form" ref={box} noValidate onSubmit={onForm} onKeyDown={onKey}
      sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) 320px' }, alignItems: 'start' }}>
      <Stack spacing={4}>
        <Stack component="section" spacing={2}>
          <TextField required autoFocus label={t('name')} value={draft.name} error={name !== undefined} helperText={name ?? t('nameHelp')}
            onChange={(event) => change({ name: event.target.value })} slotProps={{ htmlInput: { maxLength: 120 } }} />
          <TimingFields timing={draft.timing} errors={errors} onChange={(changes) => change({ timing: { ...draft.timing, ...changes } })} />
          <TextField select label={t('overlap')} value={draft.overlap} helperText={t(`overlapHelp.${draft.overlap}`)} onChange={(event) => change({ overlap: event.target.value as Overlap })}>
            {OVERLAPS.map((each) => <MenuItem key={each} value={each}>{t(`overlaps.${each}`)}</MenuItem>)}
          </TextField>
          <FormControlLabel label={t('startPaused')} control={<Switch checked={draft.paused} onChange={(event) => change({ paused: event.target.checked })} />} />
        </Stack>
        <Box component="section">
          <Typography variant="h2" sx={{ mb: 2 }}>{t('task')}</Typography>
          <TaskFields form={task.form} errors={task.errors} onChange={task.change} />
        </Box>
      </Stack>
      <Stack spacing={2} sx={{ position: { lg: 'sticky' }, top: { lg: 77 } }}>
        <Card component="section" aria-label={t('nextRuns')} aria-busy={preview.pending} sx={{ p: 2 }}>
          <Typography variant="h2" sx={{ fontSize: '0.9375rem', mb: 1 }}>{t('nextRuns')}</Typography>
          {preview.runs ? (
            <NextRuns runs={preview.runs} zone={draft.timing.kind === 'interval' ? own : draft.timing.zone} />
          ) : preview.pending ? (
            <Loading rows={4} height={28} />
          ) : (
            <Typography variant="body2" color="textSecondary">{rejected ? rejected.detail : t('noPreview')}</Typography>
          )}
        </Card>
        <Estimate {...task.estimate} />
        {draft.paused && <Alert severity="info" variant="outlined">{t('pausedHint')}</Alert>}
        {conflict}
        {error !== undefined && !conflict && <Problem error={error} compact />}
        <Button type="submit" variant="contained" size="large" disabled={busy}>{submit}</Button>
      </Stack>
    </Box>
  );
}

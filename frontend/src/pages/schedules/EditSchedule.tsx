import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { type ScheduleSpec, type ScheduleView, useReplaceScheduleMutation } from '../../api';
import { etagOf } from '../../api/etags';
import { statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { formOf } from '../new-task/form';
import { ScheduleForm } from './ScheduleForm';
import { timingOf } from './timing';

/** Changes a schedule, unless someone else has changed it meanwhile. */
export default function EditSchedule({ schedule, onReload }: { schedule: ScheduleView; onReload: () => void }) {
  const { t } = useTranslation('schedules');
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const [etag] = useState(() => etagOf(`/api/v1/schedules/${schedule.id}`));
  const [replace] = useReplaceScheduleMutation();
  const [outdated, setOutdated] = useState(false);
  const { id, name, overlap, paused, task } = schedule;
  const save = async (spec: ScheduleSpec) => {
    setOutdated(false);
    // The form has no field for these.
    const whole = { ...spec, task: { ...spec.task, ...(task.metadata && { metadata: task.metadata }) } };
    try {
      await replace({ scheduleId: id, scheduleSpec: whole, ...(etag !== undefined && { 'If-Match': etag }) }).unwrap();
    } catch (error) {
      setOutdated(statusOf(error) === 412);
      throw error;
    }
    showToast(dispatch, t('saved', { name: spec.name }));
    void navigate(`/schedules/${id}`);
  };
  const conflict = outdated && (
    <Alert severity="warning" variant="outlined" action={<Button size="small" color="inherit" onClick={onReload}>{t('loadAgain')}</Button>}>{t('conflict')}</Alert>
  );
  return <ScheduleForm initial={{ name, timing: timingOf(schedule), overlap, paused, task: formOf(task) }} submit={t('saveChanges')} conflict={conflict || undefined} onSubmit={save} />;
}

import Box from '@mui/material/Box';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { type ScheduleSpec, useCreateScheduleMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import { useTimeZone } from '../../parts/times';
import texts from '../../words/schedules';
import { EMPTY, type TaskForm } from '../new-task/form';
import { useKey } from '../new-task/useKey';
import { ScheduleForm } from './ScheduleForm';
import { newTiming } from './timing';

addWords('schedules', texts);

/** A new schedule. A task that was being written on the page for new tasks comes along. */
export default function NewSchedule() {
  const { t } = useTranslation('schedules');
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const zone = useTimeZone();
  const [params] = useSearchParams();
  const { state } = useLocation();
  const given = (state as { form?: TaskForm } | null)?.form;
  const [createSchedule] = useCreateScheduleMutation();
  const keyOf = useKey();
  const task: TaskForm = given ?? { ...EMPTY, goal: params.get('goal') ?? '' };
  const create = async (spec: ScheduleSpec) => {
    const { id, name } = await createSchedule({ 'Idempotency-Key': keyOf(spec), scheduleSpec: spec }).unwrap();
    showToast(dispatch, t('created', { name }));
    void navigate(`/schedules/${id}`);
  };
  return (
    <Box sx={{ maxWidth: 1200, mx: 'auto' }}>
      <PageHeader title={t('newHeading')} about={t('newAbout')} />
      <ScheduleForm initial={{ name: task.title, timing: newTiming(zone), overlap: 'skip', paused: false, task }} submit={t('create')} onSubmit={create} />
    </Box>
  );
}

import ScheduleIcon from '@mui/icons-material/Schedule';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type FormEvent, type KeyboardEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { useCreateTaskMutation, useGetTaskQuery, useListSubtasksQuery, useShareTaskMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { addWords } from '../../app/words';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import texts from '../../words/new-task';
import { Estimate } from './Estimate';
import { copyOf, EMPTY, type TaskForm } from './form';
import { TaskFields } from './TaskFields';
import { useKey } from './useKey';
import { useTaskForm } from './useTaskForm';

addWords('new-task', texts);

/** Fills the form from the address: a goal, an agent, or a task to copy. */
export default function NewTask() {
  const [params] = useSearchParams();
  const from = params.get('from');
  // Another address is another form.
  return from ? <Copy key={from} from={from} /> : <Form key={params.toString()} initial={fromAddress(params)} />;
}

function fromAddress(params: URLSearchParams): TaskForm {
  const agent = params.get('agent');
  return { ...EMPTY, goal: params.get('goal') ?? '', ...(agent && { mode: 'agent', agent }) };
}

function Copy({ from }: { from: string }) {
  const { t } = useTranslation('new-task');
  const task = useGetTaskQuery({ taskId: from });
  const subtasks = useListSubtasksQuery({ taskId: from, limit: 200 });
  const error = task.error ?? subtasks.error;
  if (error) {
    return (
      <>
        <PageHeader title={t('heading')} />
        <Problem error={error} onRetry={() => { void task.refetch(); void subtasks.refetch(); }} />
      </>
    );
  }
  if (!task.data || !subtasks.data) return <Loading rows={6} />;
  return <Form initial={copyOf(task.data, subtasks.data.items)} copied={task.data.title} />;
}

function Form({ initial, copied }: { initial: TaskForm; copied?: string }) {
  const { t } = useTranslation('new-task');
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const { state } = useLocation();
  const given = (state as { form?: TaskForm } | null)?.form;
  const task = useTaskForm(given ?? initial);
  const [createTask] = useCreateTaskMutation();
  const [shareTask] = useShareTaskMutation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const keyOf = useKey();
  const sending = useRef(false);
  const box = useRef<HTMLFormElement>(null);

  const create = async (start: boolean) => {
    const spec = task.ready();
    if (!spec) {
      // The first field with an error has been marked by the time of the next frame.
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    // A second Ctrl+Enter can arrive before the button is shown as disabled.
    if (sending.current) return;
    sending.current = true;
    setBusy(true);
    setError(undefined);
    const request = start ? spec : { ...spec, start: false };
    try {
      const { id } = await createTask({ 'Idempotency-Key': keyOf(request), taskSpec: request }).unwrap();
      const shares = await Promise.allSettled(
        task.form.groups.map((groupId) => shareTask({ taskId: id, groupId, shareSpec: { right: 'view' } }).unwrap()),
      );
      if (shares.some(({ status }) => status === 'rejected')) showToast(dispatch, t('notShared'), 'error');
      void navigate(`/tasks/${id}`);
    } catch (caught) {
      setError(caught);
      task.reject(caught);
    } finally {
      sending.current = false;
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void create(true);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void create(true);
  };
  const schedule = () => void navigate('/schedules/new', { state: { form: task.form } });
  return (
    <Box sx={{ maxWidth: 1200, mx: 'auto' }}>
      <PageHeader title={t('heading')} about={t('about')} />
      {copied !== undefined && <Alert severity="info" variant="outlined" sx={{ mb: 2 }}>{initial.plan.length > 0 ? t('copiedWithPlan', { title: copied }) : t('copied', { title: copied })}</Alert>}
      <Box component="form" ref={box} noValidate onSubmit={submit} onKeyDown={keys}
        sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) 300px' }, alignItems: 'start' }}>
        <TaskFields form={task.form} errors={task.errors} onChange={task.change} sharing autoFocus />
        <Stack spacing={2} sx={{ position: { lg: 'sticky' }, top: { lg: 77 } }}>
          <Estimate {...task.estimate} />
          {error !== undefined && <Problem error={error} compact />}
          <Button type="submit" variant="contained" size="large" disabled={busy}>{t('start')}</Button>
          <Typography variant="caption" color="textSecondary" sx={{ textAlign: 'center' }}>{t('startHint')}</Typography>
          <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', '& > *': { flexGrow: 1 } }}>
            <Button variant="outlined" startIcon={<ScheduleIcon />} onClick={schedule}>{t('schedule')}</Button>
            <Button variant="outlined" disabled={busy} onClick={() => void create(false)}>{t('draft')}</Button>
          </Stack>
        </Stack>
      </Box>
    </Box>
  );
}

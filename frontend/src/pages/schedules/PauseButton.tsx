import PauseIcon from '@mui/icons-material/Pause';
import ResumeIcon from '@mui/icons-material/PlayArrow';
import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { type ScheduleView, usePauseScheduleMutation, useResumeScheduleMutation } from '../../api';
import { problemOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';

/** Pauses a schedule or resumes it, with an undo. */
export function PauseButton({ schedule, size = 'medium' }: { schedule: ScheduleView; size?: 'small' | 'medium' }) {
  const { t } = useTranslation(['schedules', 'common']);
  const dispatch = useAppDispatch();
  const [pause, pausing] = usePauseScheduleMutation();
  const [resume, resuming] = useResumeScheduleMutation();
  const { id, name, paused } = schedule;
  const set = async (pausedNext: boolean, undo: boolean): Promise<void> => {
    const { error } = await (pausedNext ? pause : resume)({ scheduleId: id });
    if (error) showToast(dispatch, problemOf(error)?.detail ?? t('common:away'), 'error');
    else showToast(dispatch, t(pausedNext ? 'pausedToast' : 'resumedToast', { name }), 'success', undo ? () => void set(!pausedNext, false) : undefined);
  };
  const action = t(paused ? 'resume' : 'pause');
  return (
    <Button size={size} variant="outlined" startIcon={paused ? <ResumeIcon /> : <PauseIcon />} disabled={pausing.isLoading || resuming.isLoading}
      aria-label={size === 'small' ? t('actionOn', { action, name }) : undefined} onClick={() => void set(!paused, true)} sx={{ justifySelf: 'start' }}>
      {action}
    </Button>
  );
}

import FormControlLabel from '@mui/material/FormControlLabel';
import FormHelperText from '@mui/material/FormHelperText';
import Switch from '@mui/material/Switch';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSteerTaskMutation, type TaskView } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { FormDialog } from './FormDialog';

/** Give guidance to a whole task. */
export function SteerDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [steer, { isLoading, error }] = useSteerTaskMutation();
  const [text, setText] = useState('');
  const [interrupt, setInterrupt] = useState(false);
  const [tried, setTried] = useState(false);
  const empty = text.trim() === '';
  const problem = tried && empty ? t('steerDialog.empty') : fieldErrors(error).text;
  const send = async () => {
    setTried(true);
    if (empty) return;
    const { data } = await steer({ taskId: task.id, guidance: { text, interrupt } });
    if (!data) return;
    showToast(dispatch, data.received && data.reaches.length > 0 ? t('steerDialog.sent', { count: data.reaches.length }) : t('steerDialog.later'));
    onClose();
  };
  return (
    <FormDialog title={t('steerDialog.title')} about={t('steerDialog.about')} confirm={t('steerDialog.confirm')} busy={isLoading} error={error} onSubmit={() => void send()} onClose={onClose}>
      <TextField label={t('steerDialog.text')} autoFocus multiline minRows={3} maxRows={12} value={text} onChange={(event) => setText(event.target.value)} error={Boolean(problem)} helperText={problem} />
      <div>
        <FormControlLabel control={<Switch checked={interrupt} onChange={(_, on) => setInterrupt(on)} />} label={t('steerDialog.interrupt')} />
        <FormHelperText sx={{ mt: 0 }}>{t('steerDialog.interruptHint')}</FormHelperText>
      </div>
    </FormDialog>
  );
}

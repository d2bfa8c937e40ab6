import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSteerTaskMutation } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { Problem } from '../../../parts/Problem';

/** Gives guidance to a subtask and those below it, or to the whole task. */
export function SteerBox({ id, path }: { id: string; path: string }) {
  const { t } = useTranslation('graph');
  const dispatch = useAppDispatch();
  const [steer, { error, isLoading }] = useSteerTaskMutation();
  const [text, setText] = useState('');
  const [interrupt, setInterrupt] = useState(false);
  const problem = fieldErrors(error).text;
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await steer({ taskId: id, 'Idempotency-Key': crypto.randomUUID(), guidance: { text, interrupt, ...(path === '' ? {} : { path }) } });
    if (answer.error) return;
    const count = answer.data.reaches.length;
    showToast(dispatch, count > 0 ? t('sentTo', { count }) : t('sent'));
    setText('');
  };
  return (
    <form onSubmit={(event) => void onSubmit(event)}>
      <TextField
        label={t('steer')} helperText={problem ?? t(path === '' ? 'steerHintTask' : 'steerHint')} error={problem !== undefined} multiline maxRows={8}
        value={text} onChange={(event) => setText(event.target.value)}
      />
      {error && problem === undefined && <Problem error={error} compact />}
      <Stack direction="row" useFlexGap sx={{ alignItems: 'center', justifyContent: 'space-between', flexWrap: 'wrap', gap: 1 }}>
        <FormControlLabel
          control={<Checkbox size="small" checked={interrupt} onChange={(event) => setInterrupt(event.target.checked)} />}
          label={t('interrupt')} slotProps={{ typography: { variant: 'body2' } }}
        />
        <Button type="submit" variant="outlined" size="small" loading={isLoading} disabled={text.trim() === ''}>{t('send')}</Button>
      </Stack>
    </form>
  );
}

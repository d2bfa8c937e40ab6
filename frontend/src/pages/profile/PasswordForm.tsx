import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChangePasswordMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { useMe } from '../../app/session/useMe';
import { showToast } from '../../app/shell/toasts';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';

export function PasswordForm() {
  const { t } = useTranslation('profile');
  const dispatch = useAppDispatch();
  const me = useMe();
  const [change, { error, isLoading }] = useChangePasswordMutation();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const errors = fieldErrors(error);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await change({ passwordChange: { current_password: current, new_password: next } });
    if (result.error) return;
    setCurrent('');
    setNext('');
    showToast(dispatch, t('passwordChanged'));
  };
  return (
    <Panel title={t('password')} about={t('passwordHint')}>
      <Stack component="form" spacing={2} onSubmit={(event) => void submit(event)}>
        {/* Tells password managers whose password it is. */}
        <input type="hidden" name="username" autoComplete="username" value={me.email} readOnly />
        <TextField label={t('current')} type="password" value={current} onChange={(event) => setCurrent(event.target.value)} autoComplete="current-password" required error={errors.current_password !== undefined} helperText={errors.current_password} />
        <TextField label={t('new')} type="password" value={next} onChange={(event) => setNext(event.target.value)} autoComplete="new-password" required error={errors.new_password !== undefined} helperText={errors.new_password} />
        {error !== undefined && Object.keys(errors).length === 0 && <Problem error={error} compact />}
        <div>
          <Button type="submit" variant="contained" disabled={isLoading || current === '' || next === ''}>{t('change')}</Button>
        </div>
      </Stack>
    </Panel>
  );
}

import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChangeMeMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { useMe } from '../../app/session/useMe';
import { showToast } from '../../app/shell/toasts';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { At } from '../../parts/When';

/** Name and e-mail address. */
export function NameForm() {
  const { t } = useTranslation(['profile', 'common']);
  const dispatch = useAppDispatch();
  const me = useMe();
  const [change, { error, isLoading }] = useChangeMeMutation();
  const [name, setName] = useState(me.name);
  const [email, setEmail] = useState(me.email);
  const [password, setPassword] = useState('');
  const errors = fieldErrors(error);
  const newEmail = email !== me.email;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await change({ meChange: { name, ...(newEmail ? { email, current_password: password } : {}) } });
    if (result.error) return;
    setPassword('');
    showToast(dispatch, t('saved'));
  };
  return (
    <Panel title={t('account')} about={<>{`${t('role')}: ${t(`roles.${me.role}`)} · ${t('since')} `}<At at={me.created_at} /></>}>
      <Stack component="form" spacing={2} onSubmit={(event) => void submit(event)}>
        <TextField label={t('name')} value={name} onChange={(event) => setName(event.target.value)} autoComplete="name" error={errors.name !== undefined} helperText={errors.name} />
        <TextField label={t('email')} type="email" value={email} onChange={(event) => setEmail(event.target.value)} autoComplete="email" required error={errors.email !== undefined} helperText={errors.email ?? (newEmail ? t('emailHint') : undefined)} />
        {newEmail && <TextField label={t('emailPassword')} type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" required />}
        {error !== undefined && Object.keys(errors).length === 0 && <Problem error={error} compact />}
        <div>
          <Button type="submit" variant="contained" disabled={isLoading || (name === me.name && !newEmail)}>{t('common:save')}</Button>
        </div>
      </Stack>
    </Panel>
  );
}

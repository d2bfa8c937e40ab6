import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type UserDetails, useChangeUserMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { RoleField } from './RoleField';

/** Name and role. Only what has changed is sent. */
export function UserForm({ user }: { user: UserDetails }) {
  const { t } = useTranslation(['users', 'common']);
  const dispatch = useAppDispatch();
  const [change, { error, isLoading }] = useChangeUserMutation();
  const [name, setName] = useState(user.name);
  const [role, setRole] = useState(user.role);
  const errors = fieldErrors(error);
  const same = name === user.name && role === user.role;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await change({ userId: user.id, userChange: { ...(name === user.name ? {} : { name }), ...(role === user.role ? {} : { role }) } });
    if (!result.error) showToast(dispatch, t('saved'));
  };
  return (
    <Panel title={t('nameAndRole')} about={t('roleAbout')}>
      <Stack component="form" spacing={2} sx={{ maxWidth: 520 }} onSubmit={(event) => void submit(event)}>
        {user.kind === 'person' && <TextField label={t('name')} value={name} onChange={(event) => setName(event.target.value)} error={errors.name !== undefined} helperText={errors.name} />}
        <RoleField value={role} onChange={setRole} />
        {error !== undefined && errors.name === undefined && <Problem error={error} compact />}
        <div><Button type="submit" variant="contained" disabled={isLoading || same}>{t('common:save')}</Button></div>
      </Stack>
    </Panel>
  );
}

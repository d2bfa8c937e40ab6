import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { type ServiceAccountSpec, useCreateServiceAccountMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { FormDialog } from '../../parts/FormDialog';
import { RoleField } from './RoleField';

/** Creates an account for a program, and opens it to create its first key. */
export function NewServiceAccount({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('users');
  const navigate = useNavigate();
  const [create, { error, isLoading }] = useCreateServiceAccountMutation();
  const [name, setName] = useState('');
  const [role, setRole] = useState<NonNullable<ServiceAccountSpec['role']>>('user');
  const { name: wrong } = fieldErrors(error);
  const submit = async () => {
    const { data } = await create({ serviceAccountSpec: { name, role } });
    if (data) await navigate(`/users/${data.id}`);
  };
  return (
    <FormDialog title={t('newService')} about={t('newServiceAbout')} submit={t('create')} ready={name !== ''} busy={isLoading} error={wrong ? undefined : error} onSubmit={() => void submit()} onClose={onClose}>
      <TextField label={t('serviceName')} value={name} onChange={(event) => setName(event.target.value)} autoFocus required error={wrong !== undefined} helperText={wrong ?? t('serviceNameHint')} />
      <RoleField value={role} onChange={setRole} />
    </FormDialog>
  );
}

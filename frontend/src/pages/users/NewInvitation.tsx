import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCreateInvitationMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { Choose } from '../../parts/Choose';
import { FormDialog } from '../../parts/FormDialog';
import { ShownOnce } from '../../parts/ShownOnce';
import { type Role, RoleField } from './RoleField';

const HOURS = ['24', '72', '168'] as const;

/** Creates an invitation and shows its link once. The token stands after the #, which browsers send to no server. */
export function NewInvitation({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('users');
  const [create, { data, error, isLoading, reset }] = useCreateInvitationMutation();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('user');
  const [hours, setHours] = useState('72');
  const { email: wrong } = fieldErrors(error);
  const close = () => {
    reset();
    onClose();
  };
  if (data) return <ShownOnce title={t('invited')} hint={t('invitedHint')} label={t('link')} secret={`${location.origin}/register#invitation=${encodeURIComponent(data.token)}`} onClose={close} />;
  const submit = () => void create({ invitationSpec: { role, expires_in_hours: Number(hours), ...(email.trim() ? { email: email.trim() } : {}) } });
  return (
    <FormDialog title={t('newInvitation')} about={t('newInvitationAbout')} submit={t('create')} busy={isLoading} error={wrong ? undefined : error} onSubmit={submit} onClose={onClose}>
      <TextField label={t('email')} type="email" value={email} onChange={(event) => setEmail(event.target.value)} autoFocus error={wrong !== undefined} helperText={wrong ?? t('emailHint')} />
      <RoleField value={role} onChange={setRole} />
      <Choose label={t('valid')} value={hours} onChange={setHours} options={HOURS.map((each) => [each, t(`validFor.${each}`)] as const)} />
    </FormDialog>
  );
}

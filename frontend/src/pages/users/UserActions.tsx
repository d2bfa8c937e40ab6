import Button from '@mui/material/Button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { type UserDetails, useCreatePasswordResetMutation, useDeleteUserMutation, useDisableUserMutation, useEnableUserMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { ShownOnce } from '../../parts/ShownOnce';

type Act = 'disable' | 'delete' | 'reset';

/** Disable, enable, delete, and a link for a new password. Each says what happens to the user's things. */
export function UserActions({ user }: { user: UserDetails }) {
  const { t } = useTranslation('users');
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const [disable, disabling] = useDisableUserMutation();
  const [enable, enabling] = useEnableUserMutation();
  const [remove, removal] = useDeleteUserMutation();
  const [reset, resetting] = useCreatePasswordResetMutation();
  const [asked, setAsked] = useState<Act | null>(null);
  const userId = user.id;
  const state = { disable: disabling, delete: removal, reset: resetting };
  const confirm = async () => {
    if (asked === null) return;
    const result = await { disable, delete: remove, reset }[asked]({ userId });
    if (result.error) return;
    setAsked(null);
    if (asked === 'disable') showToast(dispatch, t('disabledToast'), 'success', () => void enable({ userId }));
    if (asked === 'delete') {
      showToast(dispatch, t('deletedToast'));
      await navigate('/users');
    }
  };
  const turnOn = async () => {
    const result = await enable({ userId });
    showToast(dispatch, t(result.error ? 'enableFailed' : 'enabledToast'), result.error ? 'error' : 'success');
  };
  const name = user.name || user.email;
  return (
    <>
      {user.kind === 'person' && user.has_password && user.state === 'active' && <Button variant="outlined" onClick={() => setAsked('reset')}>{t('resetPassword')}</Button>}
      {user.state === 'active' ? (
        <Button variant="outlined" onClick={() => setAsked('disable')}>{t('disable')}</Button>
      ) : (
        <Button variant="outlined" disabled={enabling.isLoading} onClick={() => void turnOn()}>{t('enable')}</Button>
      )}
      <Button variant="outlined" color="error" onClick={() => setAsked('delete')}>{t('delete')}</Button>
      <ConfirmDialog
        open={asked !== null} title={asked ? t(`ask.${asked}`, { name }) : ''} text={asked ? t(`askText.${asked}`) : ''} confirm={asked ? t(`confirm.${asked}`) : ''} danger={asked !== 'reset'}
        busy={asked !== null && state[asked].isLoading} error={asked === null ? undefined : state[asked].error} onConfirm={() => void confirm()} onClose={() => setAsked(null)}
      />
      {resetting.data && <ShownOnce title={t('resetTitle')} hint={t('resetHint')} label={t('link')} secret={`${location.origin}/reset-password#token=${encodeURIComponent(resetting.data.token)}`} onClose={resetting.reset} />}
    </>
  );
}

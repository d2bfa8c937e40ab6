import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useResetPasswordMutation } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { AccountForm } from './AccountForm';
import { Frame } from './Frame';
import { useSecret } from './useSecret';

/** Set a new password with the one-time token of an administrator. */
export default function ResetPassword() {
  const { t } = useTranslation('sign-in');
  const initial = useSecret('token');
  const [reset, { error, isLoading, isSuccess }] = useResetPasswordMutation();
  return (
    <Frame title={t('resetTitle')}>
      {isSuccess ? (
        <EmptyState title={t('resetDone')} hint={t('resetDoneHint')} action={<Button component={Link} to="/sign-in" variant="contained">{t('toSignIn')}</Button>} />
      ) : (
        <AccountForm
          submit={t('resetSubmit')} named={false} passwordField="new_password" token={{ field: 'token', label: t('resetToken'), hint: t('resetTokenHint'), initial }}
          busy={isLoading} error={error} onSubmit={({ email, password, token }) => void reset({ passwordReset: { email, new_password: password, token } })}
        />
      )}
    </Frame>
  );
}

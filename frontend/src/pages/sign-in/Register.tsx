import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useSearchParams } from 'react-router';
import { useGetSignInOptionsQuery, useLoginMutation, useRegisterMutation } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { type Account, AccountForm } from './AccountForm';
import { Frame } from './Frame';
import { nextIn } from './next';
import { useBegin } from './useBegin';
import { useSecret } from './useSecret';

/** Create an account, if the installation allows it, and sign in. */
export default function Register() {
  const { t } = useTranslation('sign-in');
  const [params] = useSearchParams();
  const invitation = useSecret('invitation');
  const begin = useBegin();
  const { data: options, error: unknown, refetch } = useGetSignInOptionsQuery();
  const [register, { error, isLoading, isSuccess }] = useRegisterMutation();
  const [login] = useLoginMutation();
  const submit = async ({ email, name, password, token }: Account) => {
    const created = await register({ registration: { email, name, password, ...(token ? { invitation: token } : {}) } });
    if (created.error) return;
    const result = await login({ credentials: { email, password } });
    if (!result.error) await begin(nextIn(params));
  };
  const toSignIn = <Button component={RouterLink} to="/sign-in" variant="contained">{t('toSignIn')}</Button>;
  const token = { field: 'invitation', label: t('invitation'), hint: t('invitationHint'), initial: invitation };
  return (
    <Frame title={t('registerTitle')}>
      {options === undefined && (unknown === undefined ? <Loading rows={3} /> : <Problem error={unknown} onRetry={() => void refetch()} />)}
      {options?.registration === 'off' && <EmptyState title={t('registerOff')} hint={t('registerOffHint')} action={toSignIn} />}
      {isSuccess && <EmptyState title={t('registered')} hint={t('registeredHint')} action={toSignIn} />}
      {options && options.registration !== 'off' && !isSuccess && (
        <>
          <AccountForm submit={t('registerSubmit')} busy={isLoading} error={error} onSubmit={(account) => void submit(account)} {...(options.registration === 'invited' ? { token } : {})} />
          <Link component={RouterLink} to="/sign-in" sx={{ display: 'inline-block', mt: 2 }}>{t('haveAccount')}</Link>
        </>
      )}
    </Frame>
  );
}

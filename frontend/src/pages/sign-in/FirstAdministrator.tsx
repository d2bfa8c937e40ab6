import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useCreateFirstAdministratorMutation, useGetSignInOptionsQuery, useLoginMutation } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { type Account, AccountForm } from './AccountForm';
import { Frame } from './Frame';
import { useBegin } from './useBegin';
import { useSecret } from './useSecret';

/** Create the first administrator of an installation without users, and sign in. */
export default function FirstAdministrator() {
  const { t } = useTranslation('sign-in');
  const initial = useSecret('token');
  const begin = useBegin();
  const { data: options } = useGetSignInOptionsQuery();
  const [create, { error, isLoading, isSuccess }] = useCreateFirstAdministratorMutation();
  const [login] = useLoginMutation();
  const submit = async ({ email, name, password, token }: Account) => {
    const created = await create({ firstAdministrator: { email, name, password, setup_token: token } });
    if (created.error) return;
    const result = await login({ credentials: { email, password } });
    if (!result.error) await begin('/');
  };
  const over = isSuccess || options?.first_administrator === false;
  return (
    <Frame title={t('firstTitle')} {...(over ? {} : { about: t('firstAbout') })}>
      {over ? (
        <EmptyState title={t(isSuccess ? 'registered' : 'firstDone')} action={<Button component={Link} to="/sign-in" variant="contained">{t('toSignIn')}</Button>} />
      ) : (
        <AccountForm submit={t('firstSubmit')} token={{ field: 'setup_token', label: t('firstToken'), hint: t('firstTokenHint'), initial }} busy={isLoading} error={error} onSubmit={(account) => void submit(account)} />
      )}
    </Frame>
  );
}

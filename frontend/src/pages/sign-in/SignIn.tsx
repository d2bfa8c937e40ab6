import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Divider from '@mui/material/Divider';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, Navigate, useSearchParams } from 'react-router';
import { useGetSignInOptionsQuery, useLoginMutation, useMeQuery, useStartOidcMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppSelector } from '../../app/hooks';
import { Problem } from '../../parts/Problem';
import { Frame } from './Frame';
import { nextIn } from './next';
import { keepFlow } from './oidc';
import { PasswordField } from './PasswordField';
import { useBegin } from './useBegin';

/** Sign in with a password or through an identity provider. */
export default function SignIn() {
  const { t } = useTranslation('sign-in');
  const [params] = useSearchParams();
  const next = nextIn(params);
  const ended = useAppSelector((state) => state.session.ended);
  const { data: options } = useGetSignInOptionsQuery();
  // Asked only if there may be a session: without one, the request would only fail.
  const me = useMeQuery(undefined, { skip: ended || !options?.has_session });
  if (me.isSuccess && !ended) return <Navigate to={next} replace />;
  // Where the redirect address is the sign-in page, the identity provider's answer arrives here.
  if (params.has('state')) return <Navigate to={`/sign-in/finish?${params}`} replace />;
  const search = params.size > 0 ? `?${params}` : '';
  return (
    <Frame title={t('title')}>
      {options?.first_administrator && (
        <Alert severity="info" variant="outlined" sx={{ mb: 2 }}><Link component={RouterLink} to="/first-administrator" color="inherit" underline="always">{t('firstLink')}</Link></Alert>
      )}
      <PasswordForm next={next} />
      {options?.identity_provider && <Provider name={options.identity_provider} next={next} />}
      <Stack spacing={0.5} sx={{ mt: 3 }}>
        {options && options.registration !== 'off' && <Link component={RouterLink} to={`/register${search}`}>{t('register')}</Link>}
        <Typography variant="caption" color="textSecondary">{t('forgot')}</Typography>
      </Stack>
    </Frame>
  );
}

function PasswordForm({ next }: { next: string }) {
  const { t } = useTranslation('sign-in');
  const begin = useBegin();
  const [login, { error, isLoading }] = useLoginMutation();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const rejected = fieldErrors(error);
  const missing = (value: string) => (tried && !value ? t('needed') : undefined);
  const wrong = { email: missing(email.trim()) ?? rejected.email, password: missing(password) ?? rejected.password };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!email.trim() || !password) return;
    const result = await login({ credentials: { email: email.trim(), password } });
    if (!result.error) await begin(next);
  };
  return (
    <Stack component="form" noValidate spacing={2} onSubmit={(event) => void submit(event)}>
      {error !== undefined && !rejected.email && !rejected.password && <Problem error={error} compact />}
      <TextField label={t('email')} value={email} onChange={(event) => setEmail(event.target.value)} autoComplete="username" type="email" required autoFocus error={Boolean(wrong.email)} helperText={wrong.email} />
      <PasswordField label={t('password')} value={password} onChange={setPassword} error={wrong.password} />
      <Button type="submit" variant="contained" disabled={isLoading}>{t('submit')}</Button>
    </Stack>
  );
}

function Provider({ name, next }: { name: string; next: string }) {
  const { t } = useTranslation('sign-in');
  const [start, { error, isLoading }] = useStartOidcMutation();
  const leave = async () => {
    const { data } = await start();
    if (data === undefined) return;
    keepFlow({ state: data.state, flow: data.flow, next });
    location.assign(data.authorization_url);
  };
  return (
    <Stack spacing={2} sx={{ mt: 2 }}>
      <Divider>{t('orElse')}</Divider>
      <Button variant="outlined" disabled={isLoading} onClick={() => void leave()}>{t('with', { provider: name })}</Button>
      {error !== undefined && <Problem error={error} compact />}
    </Stack>
  );
}

import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { api, useLoginMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { session } from '../../app/session/state';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import texts from '../../words/sign-in';

addWords('sign-in', texts);

/** Return the address to go to after the sign-in: only one of this console. */
export function nextIn(params: URLSearchParams): string {
  const next = params.get('next') ?? '/';
  return /^\/(?![/\\])/.test(next) ? next : '/';
}

export default function SignIn() {
  const { t } = useTranslation('sign-in');
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const [login, { error, isLoading }] = useLoginMutation();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await login({ credentials: { email, password } });
    if (result.error) return;
    dispatch(session.actions.began());
    dispatch(api.util.resetApiState());
    await navigate(nextIn(params), { replace: true });
  };
  return (
    <Box component="main" sx={{ minHeight: '100vh', display: 'grid', placeItems: 'center', p: 2 }}>
      <Box component="form" onSubmit={(event) => void submit(event)} sx={{ width: '100%', maxWidth: 380 }}>
        <PageHeader title={t('title')} />
        <Stack spacing={2}>
          {error !== undefined && <Problem error={error} compact />}
          <TextField label={t('email')} value={email} onChange={(event) => setEmail(event.target.value)} autoComplete="username" type="email" required autoFocus />
          <TextField label={t('password')} value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" type="password" required />
          <Button type="submit" variant="contained" disabled={isLoading}>{t('submit')}</Button>
        </Stack>
      </Box>
    </Box>
  );
}

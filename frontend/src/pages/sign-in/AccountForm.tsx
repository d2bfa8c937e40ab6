import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useGetSignInOptionsQuery } from '../../api';
import { fieldErrors } from '../../api/problems';
import { Problem } from '../../parts/Problem';
import { PasswordField } from './PasswordField';

export type Account = { email: string; name: string; password: string; token: string };
type Token = { field: string; label: string; hint: string; initial?: string };
type Props = { submit: string; token?: Token; named?: boolean; passwordField?: string; busy: boolean; error: unknown; onSubmit: (account: Account) => void };

/** The fields that create an account or set its password. `token` describes the code that allows it, if one is needed. */
export function AccountForm({ submit, token, named = true, passwordField = 'password', busy, error, onSubmit }: Props) {
  const { t } = useTranslation('sign-in');
  const { data: options } = useGetSignInOptionsQuery();
  const [account, setAccount] = useState<Account>({ email: '', name: '', password: '', token: token?.initial ?? '' });
  const [tried, setTried] = useState(false);
  const change = (part: Partial<Account>) => setAccount((now) => ({ ...now, ...part }));
  const least = options?.password_min_chars ?? 1;
  const most = options?.password_max_chars ?? Infinity;
  const length = [...account.password].length;
  const own = {
    email: account.email.trim() ? undefined : t('needed'),
    password: length < least ? t('short', { count: least }) : length > most ? t('long', { count: most }) : undefined,
    token: token === undefined || account.token.trim() ? undefined : t('needed'),
  };
  const rejected = fieldErrors(error);
  const shown = {
    email: (tried ? own.email : undefined) ?? rejected.email, name: rejected.name,
    password: (tried ? own.password : undefined) ?? rejected[passwordField], token: (tried ? own.token : undefined) ?? (token && rejected[token.field]),
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!own.email && !own.password && !own.token) onSubmit({ ...account, email: account.email.trim(), token: account.token.trim() });
  };
  const atField = Boolean(rejected.email ?? rejected.name ?? rejected[passwordField] ?? (token && rejected[token.field]));
  return (
    <Stack component="form" noValidate spacing={2} onSubmit={send}>
      {error !== undefined && !atField && <Problem error={error} compact />}
      {token && <TextField label={token.label} value={account.token} onChange={(event) => change({ token: event.target.value })} required autoComplete="one-time-code" error={Boolean(shown.token)} helperText={shown.token ?? token.hint} />}
      <TextField label={t('email')} type="email" value={account.email} onChange={(event) => change({ email: event.target.value })} required autoComplete="username" error={Boolean(shown.email)} helperText={shown.email} />
      {named && <TextField label={t('name')} value={account.name} onChange={(event) => change({ name: event.target.value })} autoComplete="name" error={Boolean(shown.name)} helperText={shown.name} />}
      <PasswordField isNew label={t(passwordField === 'new_password' ? 'newPassword' : 'password')} value={account.password} onChange={(password) => change({ password })} error={shown.password} {...(options ? { hint: t('passwordHint', { count: least }) } : {})} />
      <Button type="submit" variant="contained" disabled={busy}>{submit}</Button>
    </Stack>
  );
}

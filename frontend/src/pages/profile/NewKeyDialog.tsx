import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormLabel from '@mui/material/FormLabel';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApiKeySpec, useCreateApiKeyMutation } from '../../api';
import { useIsAdmin } from '../../app/session/useMe';
import { Choose } from '../../parts/Choose';
import { CodeBlock } from '../../parts/CodeBlock';
import { Problem } from '../../parts/Problem';

type Scope = ApiKeySpec['scopes'][number];
const SCOPES: readonly Scope[] = ['read', 'write', 'openai', 'admin'];
const EXPIRIES = ['', '7', '30', '90', '365'] as const;

/** Creates a key and shows it once. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['profile', 'common']);
  const isAdmin = useIsAdmin();
  const titleId = useId();
  const scopesId = useId();
  const [create, { data, error, isLoading, reset }] = useCreateApiKeyMutation();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['write']);
  const [days, setDays] = useState('90');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void create({ apiKeySpec: { name, scopes: [...scopes], expires_in_days: days === '' ? null : Number(days) } });
  };
  const close = () => {
    // The key must not stay in the page's memory.
    reset();
    onClose();
  };
  if (data) {
    return (
      <Dialog open aria-labelledby={titleId} fullWidth maxWidth="sm">
        <DialogTitle id={titleId}>{t('keyCreated')}</DialogTitle>
        <DialogContent>
          <Alert severity="warning" variant="outlined">{t('keyCreatedHint')}</Alert>
          <CodeBlock text={data.key} label={t('key')} />
        </DialogContent>
        <DialogActions>
          <Button variant="contained" onClick={close}>{t('done')}</Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={close} aria-labelledby={titleId} fullWidth maxWidth="xs">
      <DialogTitle id={titleId}>{t('newKey')}</DialogTitle>
      <form onSubmit={submit}>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 0.5 }}>
            <TextField label={t('keyName')} value={name} onChange={(event) => setName(event.target.value)} required autoFocus />
            <div role="group" aria-labelledby={scopesId}>
              <FormLabel id={scopesId}>{t('keyScopes')}</FormLabel>
              {SCOPES.filter((scope) => isAdmin || scope !== 'admin').map((scope) => (
                <FormControlLabel
                  key={scope}
                  sx={{ display: 'flex' }}
                  label={t(`scopes.${scope}`)}
                  control={<Checkbox checked={scopes.includes(scope)} onChange={(_, on) => setScopes(on ? [...scopes, scope] : scopes.filter((each) => each !== scope))} />}
                />
              ))}
            </div>
            <Choose label={t('keyExpiry')} value={days} onChange={setDays} options={EXPIRIES.map((each) => [each, each === '' ? t('expiryNever') : t(`expiry.${each}`)] as const)} />
            {error !== undefined && <Problem error={error} compact />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{t('common:cancel')}</Button>
          <Button type="submit" variant="contained" disabled={isLoading || name.trim() === '' || scopes.length === 0}>{t('create')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

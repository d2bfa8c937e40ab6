import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormLabel from '@mui/material/FormLabel';
import TextField from '@mui/material/TextField';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApiKeySpec, useCreateServiceKeyMutation } from '../../api';
import { Choose } from '../../parts/Choose';
import { FormDialog } from '../../parts/FormDialog';
import { ShownOnce } from '../../parts/ShownOnce';

const SCOPES: readonly ApiKeySpec['scopes'][number][] = ['read', 'write', 'openai', 'admin'];
const EXPIRIES = ['', '30', '90', '365'] as const;

/** Creates a key of a service account and shows it once. */
export function NewServiceKey({ userId, onClose }: { userId: string; onClose: () => void }) {
  const { t } = useTranslation('users');
  const id = useId();
  const [create, { data, error, isLoading, reset }] = useCreateServiceKeyMutation();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<ApiKeySpec['scopes']>(['write']);
  const [days, setDays] = useState('90');
  const close = () => {
    reset();
    onClose();
  };
  if (data) return <ShownOnce title={t('keyCreated')} hint={t('keyCreatedHint')} label={t('key')} secret={data.key} onClose={close} />;
  const submit = () => void create({ userId, apiKeySpec: { name, scopes, expires_in_days: days === '' ? null : Number(days) } });
  return (
    <FormDialog title={t('newKey')} submit={t('create')} ready={name.trim() !== '' && scopes.length > 0} busy={isLoading} error={error} onSubmit={submit} onClose={onClose}>
      <TextField label={t('keyName')} value={name} onChange={(event) => setName(event.target.value)} required autoFocus />
      <div role="group" aria-labelledby={id}>
        <FormLabel id={id}>{t('keyScopes')}</FormLabel>
        {SCOPES.map((scope) => (
          <FormControlLabel key={scope} sx={{ display: 'flex' }} label={t(`scopes.${scope}`)} control={<Checkbox checked={scopes.includes(scope)} onChange={(_, on) => setScopes(on ? [...scopes, scope] : scopes.filter((each) => each !== scope))} />} />
        ))}
      </div>
      <Choose label={t('keyExpiry')} value={days} onChange={setDays} options={EXPIRIES.map((each) => [each, t(`keyExpiries.${each || 'never'}`)] as const)} />
    </FormDialog>
  );
}

import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApiKeyView, type UserDetails, useDeleteUserKeyMutation, useListUserKeysQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';
import { NewServiceKey } from './NewServiceKey';

/** A user's API keys. Administrators can create keys only for service accounts, and delete all. */
export function UserKeys({ user }: { user: UserDetails }) {
  const { t } = useTranslation('users');
  const dispatch = useAppDispatch();
  const { data, error, refetch, isLoading } = useListUserKeysQuery({ userId: user.id, limit: 100 });
  const [remove, removal] = useDeleteUserKeyMutation();
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<ApiKeyView | null>(null);
  const confirm = async () => {
    if (asked === null) return;
    const result = await remove({ userId: user.id, keyId: asked.id });
    if (result.error) return;
    setAsked(null);
    showToast(dispatch, t('keyDeleted'));
  };
  return (
    <Panel title={t('keys')} about={t(user.kind === 'service' ? 'keysAboutService' : 'keysAboutPerson')} actions={user.kind === 'service' && <Button variant="outlined" onClick={() => setCreating(true)}>{t('newKey')}</Button>}>
      {isLoading && <Loading rows={2} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <Typography variant="body2" color="textSecondary">{t('noKeys')}</Typography>}
      <Rows>
        {data?.items.map((key) => (
          <Row key={key.id} action={<Button size="small" color="error" aria-label={`${t('deleteKey')}: ${key.name}`} onClick={() => setAsked(key)}>{t('deleteKey')}</Button>}>
            <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
              <Typography variant="body2" sx={{ fontWeight: 600 }}>{key.name}</Typography>
              <Typography variant="caption" component="code" color="textSecondary">{`${key.begins_with}…`}</Typography>
              {key.scopes.map((scope) => <Chip key={scope} size="small" variant="outlined" label={t(`scopes.${scope}`)} />)}
            </Stack>
            <Typography variant="caption" color="textSecondary" component="div">
              {key.last_used_at ? <>{t('lastUsed')} <When at={key.last_used_at} /></> : t('neverUsed')} · {key.expires_at ? <>{t('expires')} <When at={key.expires_at} /></> : t('keyForever')}
            </Typography>
          </Row>
        ))}
      </Rows>
      {creating && <NewServiceKey userId={user.id} onClose={() => setCreating(false)} />}
      <ConfirmDialog open={asked !== null} title={t('deleteKeyTitle', { name: asked?.name })} text={t('deleteKeyText')} confirm={t('deleteKey')} busy={removal.isLoading} error={removal.error} onConfirm={() => void confirm()} onClose={() => setAsked(null)} />
    </Panel>
  );
}

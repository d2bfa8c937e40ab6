import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApiKeyView, useDeleteApiKeyMutation, useListApiKeysQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';
import { NewKeyDialog } from './NewKeyDialog';

/** Keys with which programs act for the user. */
export function KeysView() {
  const { t } = useTranslation('profile');
  const dispatch = useAppDispatch();
  const { data, error, refetch, isLoading } = useListApiKeysQuery({ limit: 100 });
  const [remove, removal] = useDeleteApiKeyMutation();
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<ApiKeyView | null>(null);
  const create = <Button variant="contained" onClick={() => setCreating(true)}>{t('newKey')}</Button>;
  const confirm = async () => {
    if (asked === null) return;
    const result = await remove({ keyId: asked.id });
    if (result.error) return;
    setAsked(null);
    showToast(dispatch, t('keyDeleted'));
  };
  return (
    <Stack sx={{ maxWidth: 860 }}>
      <Panel title={t('views.keys')} about={t('keysAbout')} actions={data && data.items.length > 0 && create}>
        {isLoading && <Loading rows={2} />}
        {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
        {data?.items.length === 0 && <EmptyState level="h3" title={t('noKeys')} hint={t('noKeysHint')} action={create} />}
        <Rows>
          {data?.items.map((key) => (
            <Row key={key.id} action={<Button size="small" color="error" aria-label={`${t('deleteKey')}: ${key.name}`} onClick={() => setAsked(key)}>{t('deleteKey')}</Button>}>
              <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
                <Typography variant="body2" sx={{ fontWeight: 600 }}>{key.name}</Typography>
                <Typography variant="caption" component="code" color="textSecondary">{`${key.begins_with}…`}</Typography>
                {key.scopes.map((scope) => (
                  <Chip key={scope} size="small" variant="outlined" label={t(`scopes.${scope}`)} />
                ))}
              </Stack>
              <Typography variant="caption" color="textSecondary" component="div">
                {key.last_used_at ? <>{t('keyUsed')} <When at={key.last_used_at} /></> : t('keyUnused')} · {key.expires_at ? <>{t('keyEnds')} <When at={key.expires_at} /></> : t('keyForever')}
              </Typography>
            </Row>
          ))}
        </Rows>
      </Panel>
      {creating && <NewKeyDialog onClose={() => setCreating(false)} />}
      <ConfirmDialog open={asked !== null} title={t('deleteKeyTitle', { name: asked?.name })} text={t('deleteKeyText')} confirm={t('deleteKey')} busy={removal.isLoading} error={removal.error} onConfirm={() => void confirm()} onClose={() => setAsked(null)} />
    </Stack>
  );
}

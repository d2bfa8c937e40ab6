import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { type McpServerView, useRefreshMcpServerMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Problem } from '../../parts/Problem';
import { Row } from '../../parts/Rows';
import { Status } from '../../parts/Status';

export function McpServerRow({ server, onDelete }: { server: McpServerView; onDelete: () => void }) {
  const { t } = useTranslation('settings');
  const dispatch = useAppDispatch();
  const [refresh, { error, isLoading }] = useRefreshMcpServerMutation();
  const submit = async () => {
    const { data } = await refresh({ name: server.name });
    if (data?.error === null) showToast(dispatch, t('serverTools', { count: data.tools }));
  };
  return (
    <Row
      action={
        <Stack direction="row" spacing={1}>
          <Button size="small" disabled={isLoading} aria-label={`${t('listTools')}: ${server.name}`} onClick={() => void submit()}>{t('listTools')}</Button>
          <Button size="small" color="error" aria-label={`${t('deleteServer')}: ${server.name}`} onClick={onDelete}>{t('deleteServer')}</Button>
        </Stack>
      }
    >
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
        <Typography variant="body2" sx={{ fontWeight: 600 }}>{server.name}</Typography>
        <Status status={server.error ? 'down' : 'ok'} label={t(server.error ? 'serverDown' : 'serverUp')} />
        {server.waiting > 0 && <Status status="waiting" label={t('serverWaiting', { count: server.waiting })} />}
      </Stack>
      <Typography variant="body2" color="textSecondary">{server.url}</Typography>
      <Typography variant="caption" color="textSecondary" component="div">
        <Link component={To} underline="always" to={`/settings/tools?server=${encodeURIComponent(server.name)}`} aria-label={`${server.name}: ${t('serverTools', { count: server.tools })}`}>{t('serverTools', { count: server.tools })}</Link>
        {server.has_headers && ` · ${t('withHeaders')}`}
      </Typography>
      {server.error && <Typography variant="body2" color="error">{server.error}</Typography>}
      {error !== undefined && <Problem error={error} compact />}
    </Row>
  );
}

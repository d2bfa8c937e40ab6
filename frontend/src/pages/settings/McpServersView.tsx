import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { type McpServerView, useDeleteMcpServerMutation, useListMcpServersQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { CodeBlock } from '../../parts/CodeBlock';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Rows } from '../../parts/Rows';
import { McpServerRow } from './McpServerRow';
import { NewMcpServer } from './NewMcpServer';

const FILE = `{
  "mcpServers": {
    "files": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv/shared"]
    }
  }
}`;

/** The user's own MCP servers, and how the installation's are set up. */
export function McpServersView() {
  const { t } = useTranslation('settings');
  const dispatch = useAppDispatch();
  const { data, error, refetch, isLoading } = useListMcpServersQuery({ limit: 100 });
  const [remove, removal] = useDeleteMcpServerMutation();
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState<McpServerView | null>(null);
  const add = <Button variant="contained" onClick={() => setAdding(true)}>{t('addServer')}</Button>;
  const confirm = async () => {
    if (asked === null) return;
    const result = await remove({ name: asked.name });
    if (result.error) return;
    setAsked(null);
    showToast(dispatch, t('serverDeleted'));
  };
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('ownServers')} about={t('ownServersAbout')} actions={data && data.items.length > 0 && add}>
        {isLoading && <Loading rows={2} />}
        {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
        {data?.items.length === 0 && <EmptyState level="h3" title={t('noServers')} hint={t('noServersHint')} action={add} />}
        {data?.next_cursor && <Alert severity="info" variant="outlined">{t('onlyFirst')}</Alert>}
        <Rows>{data?.items.map((server) => <McpServerRow key={server.name} server={server} onDelete={() => setAsked(server)} />)}</Rows>
      </Panel>
      <Panel title={t('sharedServers')} about={t('sharedServersAbout')}>
        <CodeBlock text={FILE} label="mcp.json" />
        <Typography variant="body2">
          {t('sharedServersHint')} <Link component={To} underline="always" to="/settings/tools?source=mcp">{t('toolsOfServers')}</Link>
        </Typography>
      </Panel>
      {adding && <NewMcpServer onClose={() => setAdding(false)} />}
      <ConfirmDialog open={asked !== null} title={t('deleteServerTitle', { name: asked?.name })} text={t('deleteServerText')} confirm={t('deleteServer')} busy={removal.isLoading} error={removal.error} onConfirm={() => void confirm()} onClose={() => setAsked(null)} />
    </Stack>
  );
}

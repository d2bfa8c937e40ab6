import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { api, useListAgentsQuery, useListToolsQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { Choose } from '../../parts/Choose';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { useTyped } from '../../parts/useTyped';
import { Ruling, ToolState } from './Ruling';

const LIMIT = 100;
const SOURCES = ['built_in', 'python', 'mcp', 'openapi'] as const;

export function ToolList() {
  const { t } = useTranslation(['settings', 'common']);
  const dispatch = useAppDispatch();
  const { get, set, any, clear } = useFilters();
  const agent = get('agent');
  const wish = { limit: LIMIT, ...(agent ? { agent } : {}) };
  const { data, error, refetch, isLoading } = useListToolsQuery(wish);
  const { data: agents } = useListAgentsQuery({ limit: 100 });
  const [text, setText] = useTyped(get('q'), (q) => set({ q }));
  const loadPage = useCallback(
    (cursor: string) => dispatch(api.endpoints.listTools.initiate({ limit: LIMIT, cursor, ...(agent ? { agent } : {}) }, { subscribe: false })).unwrap(),
    [dispatch, agent],
  );
  const pages = usePages(agent, data, loadPage);
  const wanted = get('q').toLowerCase();
  const found = pages.items.filter(
    (each) =>
      `${each.name} ${each.description}`.toLowerCase().includes(wanted) &&
      (get('source') === '' || each.source === get('source')) &&
      (get('server') === '' || each.server === get('server')) &&
      (get('status') === '' || each.status === get('status')),
  );
  const changed = pages.items.filter(({ status }) => status === 'changed').length;
  const names = [...new Set([...(agent ? [agent] : []), ...(agents?.items.map(({ name }) => name) ?? [])])];
  const servers = [...new Set([...(get('server') ? [get('server')] : []), ...pages.items.flatMap(({ server }) => server ?? [])])].sort();
  return (
    <Stack spacing={2} sx={{ maxWidth: 960 }}>
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <TextField type="search" label={t('search')} value={text} onChange={(event) => setText(event.target.value)} sx={{ width: 220 }} />
        <Choose label={t('agent')} value={agent} onChange={(value) => set({ agent: value })} options={[['', t('anyAgent')], ...names.map((each) => [each, each] as const)]} />
        <Choose label={t('source')} value={get('source')} onChange={(source) => set({ source })} options={[['', t('all')], ...SOURCES.map((each) => [each, t(`sources.${each}`)] as const)]} />
        {servers.length > 0 && <Choose label={t('server')} value={get('server')} onChange={(server) => set({ server })} options={[['', t('all')], ...servers.map((each) => [each, each] as const)]} />}
      </Stack>
      {isLoading && <Loading rows={6} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data && found.length === 0 && <EmptyState title={t('noTools')} hint={t('noToolsHint')} action={any && <Button variant="outlined" onClick={clear}>{t('clearFilters')}</Button>} />}
      {found.length > 0 && (
        <Panel
          title={t('views.tools')}
          about={changed > 0 ? t('changedTools', { count: changed }) : t('toolsAbout')}
          actions={changed > 0 && <Button variant="outlined" onClick={() => set({ status: get('status') === '' ? 'changed' : '' })}>{t(get('status') === '' ? 'showChanged' : 'showAll')}</Button>}
        >
          <Rows>
            {found.map((tool) => (
              <Row key={tool.name} action={tool.status === 'active' ? <Ruling ruling={tool.ruling} /> : <ToolState status={tool.status} />}>
                <Link component={To} to={`/settings/tools/${encodeURIComponent(tool.name)}`} sx={{ fontWeight: 600 }}>{tool.name}</Link>
                <Typography variant="body2" color="textSecondary" sx={{ display: '-webkit-box', WebkitLineClamp: 2, WebkitBoxOrient: 'vertical', overflow: 'hidden' }}>{tool.description}</Typography>
                <Typography variant="caption" color="textSecondary" component="div">
                  {[tool.server ?? t(`sources.${tool.source}`), t(tool.reads_only ? 'readsOnly' : 'changesThings'), ...(tool.egress ? [t('egress')] : [])].join(' · ')}
                </Typography>
              </Row>
            ))}
          </Rows>
        </Panel>
      )}
      {pages.error !== undefined && <Problem error={pages.error} compact />}
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </Stack>
  );
}

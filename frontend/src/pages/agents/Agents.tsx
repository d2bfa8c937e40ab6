import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, useListAgentsQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { addWords } from '../../app/words';
import { Choose } from '../../parts/Choose';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Rows } from '../../parts/Rows';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { useTyped } from '../../parts/useTyped';
import texts from '../../words/agents';
import { AgentRow } from './AgentRow';
import { kindOf } from './kinds';

addWords('agents', texts);

const KINDS = ['all', 'own', 'shared', 'built_in'] as const;

/** Every agent that the user may see. */
export default function Agents() {
  const { t } = useTranslation('agents');
  const dispatch = useAppDispatch();
  const { get, set, any, clear } = useFilters();
  const [typed, type] = useTyped(get('q'), (q) => set({ q }));
  const { data, error, refetch, isLoading } = useListAgentsQuery({ shared: 'all', limit: 100 });
  const pages = usePages('agents', data, (cursor) => dispatch(api.endpoints.listAgents.initiate({ shared: 'all', limit: 100, cursor })).unwrap());
  const words = get('q').toLowerCase();
  const kind = get('kind') || 'all';
  const shown = pages.items.filter(
    (agent) => (kind === 'all' || kindOf(agent) === kind) && [agent.name, agent.description, agent.model ?? ''].some((text) => text.toLowerCase().includes(words)),
  );
  const create = <Button variant="contained" component={Link} to="/agents/new">{t('new')}</Button>;
  return (
    <>
      <PageHeader title={t('title')} about={t('about')} actions={create} />
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap', mb: 2 }}>
        <TextField label={t('search')} type="search" placeholder={t('searchHint')} value={typed} onChange={(event) => type(event.target.value)} sx={{ flexGrow: 1, maxWidth: 360 }} />
        <Choose label={t('show')} value={kind} onChange={(value) => set({ kind: value === 'all' ? '' : value })} options={KINDS.map((each) => [each, t(`kinds.${each}`)] as const)} />
      </Stack>
      {isLoading && <Loading rows={6} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data && shown.length === 0 && (any && kind !== 'own'
        ? <EmptyState title={t('noMatch')} hint={t('noMatchHint')} action={<Button variant="outlined" onClick={clear}>{t('clear')}</Button>} />
        : <EmptyState title={t('none')} hint={t('noneHint')} action={<Button variant="outlined" component={Link} to="/agents/new">{t('new')}</Button>} />)}
      <Rows>{shown.map((agent) => <AgentRow key={agent.id ?? agent.name} agent={agent} />)}</Rows>
      {pages.error !== undefined && <Problem error={pages.error} compact />}
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </>
  );
}

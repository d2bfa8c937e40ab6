import Box from '@mui/material/Box';
import Breadcrumbs from '@mui/material/Breadcrumbs';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useTheme } from '@mui/material/styles';
import useMediaQuery from '@mui/material/useMediaQuery';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useSearchParams } from 'react-router';
import { addWords } from '../../../app/words';
import { parentOf } from '../../../live/picture';
import type { RunFeed } from '../../../live/run';
import { useFeed, usePart } from '../../../live/useRun';
import { EmptyState } from '../../../parts/EmptyState';
import { Loading } from '../../../parts/Loading';
import { Problem } from '../../../parts/Problem';
import texts from '../../../words/graph';
import { titleOf } from './activity';
import Graph from './Graph';
import { NodePanel } from './NodePanel';
import { TreeList } from './TreeList';

addWords('graph', texts);

/** A task's tree, live: as a graph or a list, with the selected node beside it. `?node`, `?in` and `?as` are in the address. */
export default function GraphView({ id }: { id: string }) {
  const { t } = useTranslation('graph');
  const feed = useFeed(id);
  // Not the whole picture: it changes up to 60 times a second.
  const isLoaded = usePart(feed, ({ picture }) => picture !== undefined);
  const isEmpty = usePart(feed, ({ picture }) => picture?.total === 0);
  const error = usePart(feed, (state) => state.error);
  const title = usePart(feed, ({ task }) => task?.title ?? '');
  const [params, setParams] = useSearchParams();
  const isSmall = useMediaQuery(useTheme().breakpoints.down('md'), { noSsr: true });
  const change = useCallback(
    (values: Record<string, string | null>) =>
      setParams((before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(values)) {
          if (value === null) next.delete(name);
          else next.set(name, value);
        }
        return next;
      }, { replace: true }),
    [setParams],
  );
  const onSelect = useCallback((path: string | null) => change({ node: path }), [change]);
  const onEnter = useCallback((path: string) => change({ in: path || null, node: null }), [change]);

  const wanted = params.get('in') ?? '';
  const scope = useIsThere(feed, wanted) ? wanted : '';
  const node = params.get('node');
  const selected = useIsThere(feed, node ?? '') ? node : null;
  const onLeave = useCallback(() => {
    if (scope !== '') onEnter(parentOf(scope) ?? '');
  }, [scope, onEnter]);
  const onClose = useCallback(() => onSelect(null), [onSelect]);
  if (!isLoaded) return error === undefined ? <Loading rows={5} height={72} /> : <Problem error={error} onRetry={() => void feed.load()} />;
  const as = params.get('as') ?? (isSmall ? 'list' : 'graph');
  const shared = { feed, title, scope, selected };
  return (
    <Stack sx={{ gap: 1 }}>
      <Stack direction="row" useFlexGap sx={{ justifyContent: 'space-between', alignItems: 'center', flexWrap: 'wrap', gap: 1 }}>
        <Trail feed={feed} scope={scope} />
        <ToggleButtonGroup exclusive size="small" value={as} aria-label={t('views')} onChange={(_, value: string | null) => value && change({ as: value })}>
          <ToggleButton value="graph">{t('asGraph')}</ToggleButton>
          <ToggleButton value="list">{t('asList')}</ToggleButton>
        </ToggleButtonGroup>
      </Stack>
      {error !== undefined && <Problem error={error} onRetry={() => void feed.load()} compact />}
      <Box sx={{ display: { md: 'grid' }, gridTemplateColumns: selected === null ? '1fr' : 'minmax(0, 1fr) 400px', gap: 2, height: { md: 'calc(100vh - 300px)' }, minHeight: { md: 480 } }}>
        <Box sx={{ height: as === 'graph' ? { xs: 420, md: '100%' } : { md: '100%' }, minHeight: 0, overflowY: as === 'list' ? 'auto' : undefined, mb: { xs: 2, md: 0 } }} tabIndex={as === 'list' ? 0 : undefined} role={as === 'list' ? 'region' : undefined} aria-label={as === 'list' ? t('list') : undefined}>
          {as === 'graph' ? (
            <Graph key={id} {...shared} onSelect={onSelect} onEnter={onEnter} onLeave={onLeave} />
          ) : (
            <TreeList {...shared} onSelect={onSelect} />
          )}
          {isEmpty && as === 'list' && <EmptyState title={t('empty')} hint={t('emptyHint')} />}
        </Box>
        {selected !== null && <NodePanel feed={feed} path={selected} title={title} onClose={onClose} onEnter={selected === scope ? null : onEnter} />}
      </Box>
    </Stack>
  );
}

function useIsThere(feed: RunFeed, path: string): boolean {
  return usePart(feed, ({ picture }) => picture?.nodes.has(path) === true);
}

/** Where in the tree the graph is, with links to each level above. */
function Trail({ feed, scope }: { feed: RunFeed; scope: string }) {
  const { t } = useTranslation('graph');
  const [params] = useSearchParams();
  const nameOf = (path: string) => titleOf(feed.state().picture?.nodes.get(path) ?? { title: '', key: path, path }, t('wholeTask'));
  const steps = scope === '' ? [] : scope.split('/').map((_, place, keys) => keys.slice(0, place + 1).join('/'));
  const hrefOf = (path: string) => {
    const next = new URLSearchParams(params);
    next.delete('node');
    if (path === '') next.delete('in');
    else next.set('in', path);
    return `?${next.toString()}`;
  };
  return (
    <Breadcrumbs aria-label={t('breadcrumb')}>
      {['', ...steps].map((path) =>
        path === scope ? (
          <Typography key={path} variant="body2" aria-current="location">{nameOf(path)}</Typography>
        ) : (
          <Link key={path} component={RouterLink} to={hrefOf(path)} variant="body2" replace>{nameOf(path)}</Link>
        ),
      )}
    </Breadcrumbs>
  );
}

import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { RunFeed } from '../../../live/run';
import { useNode } from '../../../live/useRun';
import { Money } from '../../../parts/Money';
import { Simulated } from '../../../parts/Simulated';
import { Status } from '../../../parts/Status';
import { Took } from '../../../parts/Took';
import { activityOf, costOf, titleOf } from './activity';
import { useTree } from './structure';

type Props = { feed: RunFeed; title: string; scope: string; selected: string | null; onSelect: (path: string) => void };

/** The same tree as nested lists: for screen readers, for small screens, and for those who prefer text. */
export function TreeList({ scope, ...props }: Props) {
  const { t } = useTranslation('graph');
  return (
    <Box component="ul" aria-label={t('list')} sx={LIST}>
      <Branch {...props} path={scope} />
    </Box>
  );
}

const LIST = { listStyle: 'none', m: 0, p: 0 };

const Branch = memo(function Branch({ path, ...props }: Omit<Props, 'scope'> & { path: string }) {
  const children = useTree(props.feed).get(path)?.children ?? [];
  return (
    <li>
      <Row {...props} path={path} />
      {children.length > 0 && (
        <Box component="ul" sx={{ ...LIST, pl: { xs: 1.5, sm: 2.5 }, ml: 1, borderLeft: 1, borderColor: 'divider' }}>
          {children.map((child) => <Branch key={child} {...props} path={child} />)}
        </Box>
      )}
    </li>
  );
});

function Row({ feed, title, path, selected, onSelect }: Omit<Props, 'scope'> & { path: string }) {
  const { t } = useTranslation('graph');
  const node = useNode(feed, path);
  if (node === undefined) return null;
  const { status, label } = activityOf(node, t);
  const fact = feed.state().facts.get(path);
  return (
    <ButtonBase
      aria-pressed={selected === path}
      onClick={() => onSelect(path)}
      sx={{
        display: 'block', width: '100%', textAlign: 'left', px: 1, py: 0.75, borderRadius: 1, '&:hover': { bgcolor: 'action.hover' },
        ...(selected === path ? { bgcolor: 'action.selected' } : {}),
      }}
    >
      <Typography component="span" variant="body2" sx={{ display: 'block', fontWeight: 600, overflowWrap: 'anywhere' }}>{titleOf(node, title)}</Typography>
      <Stack component="span" direction="row" useFlexGap sx={{ gap: '2px 12px', flexWrap: 'wrap', alignItems: 'center', fontSize: 13, color: 'text.secondary' }}>
        <Status status={status} label={label} />
        <span>{path === '' ? t('planned') : node.agent}</span>
        {node.calls > 0 && <span>{t('calls', { count: node.calls })}</span>}
        {node.calls > 0 && <Money micro={costOf(node, fact)} />}
        {node.startedAt && <Took from={node.startedAt} to={node.endedAt} />}
        {node.simulated && <Simulated />}
      </Stack>
    </ButtonBase>
  );
}

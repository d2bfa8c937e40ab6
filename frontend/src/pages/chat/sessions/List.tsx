import List_ from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemButton from '@mui/material/ListItemButton';
import ListItemText from '@mui/material/ListItemText';
import Typography from '@mui/material/Typography';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { api, type ChatSessionView, type ListChatSessionsApiArg, useListChatSessionsQuery } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { Loading } from '../../../parts/Loading';
import { MoreButton } from '../../../parts/MoreButton';
import { Problem } from '../../../parts/Problem';
import { useNow } from '../../../parts/useNow';
import { usePages } from '../../../parts/usePages';
import { SessionMenu } from './SessionMenu';
import type { Scope } from './scopes';

const PAGE = 50;
const DAY_MS = 86_400_000;
const EMPTY = { mine: 'none', archived: 'noneArchived', shared: 'noneShared' } as const;

type Props = { scope: Scope; q: string; selected: string | null; onChoose?: (() => void) | undefined };

/** Chats in the order of their last messages, under the days of these. */
export function List({ scope, q, selected, onChoose }: Props) {
  const { t } = useTranslation('chat');
  const dispatch = useAppDispatch();
  const arg: ListChatSessionsApiArg = {
    limit: PAGE, shared: scope === 'shared' ? 'shared' : 'mine',
    ...(scope === 'shared' ? {} : { archived: scope === 'archived' }), ...(q ? { q } : {}),
  };
  const key = JSON.stringify(arg);
  const { data, error, isLoading, refetch } = useListChatSessionsQuery(arg);
  const load = useCallback(
    (cursor: string) => dispatch(api.endpoints.listChatSessions.initiate({ ...(JSON.parse(key) as ListChatSessionsApiArg), cursor }, { subscribe: false })).unwrap(),
    [dispatch, key],
  );
  const { items, hasMore, load: more, busy } = usePages(key, data, load);
  const now = useNow();
  const { search } = useLocation();
  if (isLoading) return <Loading rows={6} height={36} />;
  if (error !== undefined && data === undefined) return <Problem error={error} onRetry={() => void refetch()} compact />;
  if (items.length === 0)
    return <Typography variant="body2" color="textSecondary" sx={{ p: 1 }}>{q ? t('search.noTitles') : t(`sessions.${EMPTY[scope]}`)}</Typography>;
  const groups = grouped(items, now);
  const query = new URLSearchParams(search);
  const kept = new URLSearchParams([...query].filter(([name]) => name === 'q' || name === 'chats')).toString();
  return (
    <>
      {q && <Typography variant="overline" color="textSecondary" component="h2" sx={{ px: 1 }}>{t('search.titles')}</Typography>}
      {groups.map(([name, sessions]) => (
        <section key={name} aria-label={t(`sessions.${name}`)}>
          {!q && <Typography variant="overline" color="textSecondary" component="h2" sx={{ px: 1 }}>{t(`sessions.${name}`)}</Typography>}
          <List_ dense disablePadding sx={{ mb: 1 }}>
            {sessions.map((session) => (
              <ListItem key={session.id} disablePadding secondaryAction={scope === 'shared' ? null : <SessionMenu session={session} isSelected={session.id === selected} />}>
                <ListItemButton
                  component={Link}
                  to={{ pathname: `/chat/${session.id}`, search: kept }}
                  selected={session.id === selected}
                  aria-current={session.id === selected ? 'page' : undefined}
                  onClick={() => onChoose?.()}
                  sx={{ borderRadius: 1, py: 0.5 }}
                >
                  <ListItemText
                    primary={session.title || t('sessions.untitled')}
                    secondary={session.agent}
                    slotProps={{ primary: { noWrap: true }, secondary: { noWrap: true, variant: 'caption' } }}
                  />
                </ListItemButton>
              </ListItem>
            ))}
          </List_>
        </section>
      ))}
      {hasMore && <MoreButton busy={busy} onMore={() => void more()} />}
    </>
  );
}

type Group = 'today' | 'yesterday' | 'week' | 'earlier';

function grouped(items: readonly ChatSessionView[], now: number): [Group, ChatSessionView[]][] {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const groupOf = ({ last_message_at, created_at }: ChatSessionView): Group => {
    const at = new Date(last_message_at ?? created_at).getTime();
    if (at >= midnight) return 'today';
    if (at >= midnight - DAY_MS) return 'yesterday';
    return at >= midnight - 7 * DAY_MS ? 'week' : 'earlier';
  };
  const groups = new Map<Group, ChatSessionView[]>();
  for (const item of items) groups.set(groupOf(item), [...(groups.get(groupOf(item)) ?? []), item]);
  return [...groups];
}

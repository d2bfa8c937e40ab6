import Box from '@mui/material/Box';
import List from '@mui/material/List';
import ListItemButton from '@mui/material/ListItemButton';
import Typography from '@mui/material/Typography';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, useSearchChatsQuery } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { Loading } from '../../../parts/Loading';
import { MoreButton } from '../../../parts/MoreButton';
import { Problem } from '../../../parts/Problem';
import { usePages } from '../../../parts/usePages';
import { When } from '../../../parts/When';

const PAGE = 20;

/** Messages that match a search. Each hit leads to its message. */
export function Found({ q, onChoose }: { q: string; onChoose?: (() => void) | undefined }) {
  const { t } = useTranslation('chat');
  const dispatch = useAppDispatch();
  const { data, error, isFetching, refetch } = useSearchChatsQuery({ q, limit: PAGE }, { refetchOnMountOrArgChange: true });
  const load = useCallback((cursor: string) => dispatch(api.endpoints.searchChats.initiate({ q, limit: PAGE, cursor }, { subscribe: false })).unwrap(), [dispatch, q]);
  const { items, hasMore, load: more, busy } = usePages(q, data, load);
  return (
    <Box component="section" aria-label={t('search.messages')} sx={{ mb: 2 }}>
      <Typography variant="overline" color="textSecondary" component="h2" sx={{ px: 1 }}>{t('search.messages')}</Typography>
      {isFetching && items.length === 0 && <Loading rows={3} height={56} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} compact />}
      {!isFetching && error === undefined && items.length === 0 && (
        <Typography variant="body2" color="textSecondary" sx={{ px: 1 }}>{`${t('search.none', { q })} ${t('search.hint')}`}</Typography>
      )}
      <List dense disablePadding>
        {items.map((hit) => (
          <li key={hit.message_id}>
            <ListItemButton
              component={Link}
              to={{ pathname: `/chat/${hit.session_id}`, search: new URLSearchParams({ q, message: hit.message_id }).toString() }}
              onClick={() => onChoose?.()}
              sx={{ borderRadius: 1, display: 'block', py: 0.75 }}
            >
              <Typography variant="body2" component="div" noWrap sx={{ fontWeight: 600 }}>{hit.session_title || t('sessions.untitled')}</Typography>
              <Typography variant="caption" component="div" color="textSecondary" sx={{ display: '-webkit-box', WebkitLineClamp: 3, WebkitBoxOrient: 'vertical', overflow: 'hidden', overflowWrap: 'anywhere' }}>
                {hit.snippet.map(({ text, marked }, index) =>
                  marked ? <Box key={index} component="mark" sx={{ bgcolor: 'primary.light', color: 'text.primary', borderRadius: 0.5, px: 0.25 }}>{text}</Box> : <span key={index}>{text}</span>,
                )}
              </Typography>
              <Typography variant="caption" component="div" color="textSecondary">
                {`${t(hit.role === 'user' ? 'search.you' : 'search.assistant')} · `}
                <When at={hit.created_at} />
              </Typography>
            </ListItemButton>
          </li>
        ))}
      </List>
      {hasMore && <MoreButton busy={busy} onMore={() => void more()} />}
    </Box>
  );
}

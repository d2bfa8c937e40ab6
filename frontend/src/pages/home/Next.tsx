import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { useListChatSessionsQuery, useListSchedulesQuery } from '../../api';
import { When } from '../../parts/When';
import { Panel, Rows } from './Panel';

function Row({ to, name, children }: { to: string; name: string; children: ReactNode }) {
  return (
    <Stack component="li" direction="row" spacing={1} sx={{ justifyContent: 'space-between', alignItems: 'baseline' }}>
      <Link component={RouterLink} to={to} color="textPrimary" variant="body2" noWrap sx={{ minWidth: 0 }}>{name}</Link>
      <Typography variant="caption" color="textSecondary" noWrap sx={{ flexShrink: 0 }}>{children}</Typography>
    </Stack>
  );
}

/** The schedules that run next, and the newest chats. */
export function Next() {
  const { t } = useTranslation('home');
  const { data: schedules } = useListSchedulesQuery({ limit: 50 });
  const { data: chats } = useListChatSessionsQuery({ limit: 4 });
  const due = (schedules?.items ?? [])
    .flatMap(({ id, name, paused, next_runs: [next] }) => (next === undefined || paused ? [] : [{ id, name, next }]))
    .sort((one, other) => Date.parse(one.next) - Date.parse(other.next))
    .slice(0, 4);
  return (
    <>
      <Panel title={t('schedules')} to="/schedules" empty={due.length === 0 && t('noSchedules')}>
        <Rows>{due.map(({ id, name, next }) => <Row key={id} to={`/schedules/${id}`} name={name}><When at={next} /></Row>)}</Rows>
      </Panel>
      <Panel title={t('chats')} to="/chat" empty={chats?.items.length === 0 && t('noChats')}>
        <Rows>{chats?.items.map((chat) => <Row key={chat.id} to={`/chat/${chat.id}`} name={chat.title || t('untitled')}><When at={chat.last_message_at ?? chat.created_at} /></Row>)}</Rows>
      </Panel>
    </>
  );
}

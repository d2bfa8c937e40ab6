import Box from '@mui/material/Box';
import { type ReactNode, useCallback } from 'react';
import { useGetChatSessionQuery } from '../../api';
import { useMe } from '../../app/session/useMe';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { Conversation } from './Conversation';
import { Header } from './Header';

type Props = { id: string; menu: ReactNode };

/** One session: its heading and its messages. */
export function OpenChat({ id, menu }: Props) {
  const me = useMe();
  const { data: session, error, refetch } = useGetChatSessionQuery({ sessionId: id });
  const changed = useCallback(() => void refetch(), [refetch]);
  if (session === undefined)
    return (
      <Box sx={{ p: 3 }}>
        {menu}
        {error === undefined ? <Loading rows={4} height={72} /> : <Problem error={error} onRetry={changed} />}
      </Box>
    );
  const isOwn = session.owner_id === me.id;
  return (
    <>
      <Header session={session} isOwn={isOwn} menu={menu} />
      <Conversation session={session} isOwn={isOwn} onChanged={changed} />
    </>
  );
}

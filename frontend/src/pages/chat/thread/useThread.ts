import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import { api, type ChatMessageView } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { absorb, branchOf, EMPTY, missingOf, type Thread } from './thread';

const PAGE = 40;
/** Pages that are loaded to find a message that a link leads to. */
const SEARCHED = 60;

/** The messages of a session. `branch` shows the branch that ends with this message instead of the active one. */
export function useThread(sessionId: string, branch: string | null) {
  const dispatch = useAppDispatch();
  const [thread, setThread] = useState<Thread>(EMPTY);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>();
  const current = useRef(thread);

  const change = useCallback((next: Thread) => {
    current.current = next;
    setThread(next);
  }, []);

  const fetchPage = useCallback(
    (end: string | null) => {
      const arg = { sessionId, limit: PAGE, ...(end === null ? {} : { branch: end }) };
      return dispatch(api.endpoints.listChatMessages.initiate(arg, { subscribe: false, forceRefetch: true })).unwrap();
    },
    [dispatch, sessionId],
  );

  /** Load the newest messages again, after something has changed. */
  const refresh = useCallback(async () => {
    try {
      const { items } = await fetchPage(branch);
      change(absorb(current.current, items, items[0]?.id ?? null));
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
    setLoading(false);
  }, [branch, change, fetchPage]);

  const older = useRef<Promise<void> | null>(null);
  /** Load the messages before the first known one. Calls at the same time load them once. */
  const loadOlder = useCallback(() => {
    const load = async () => {
      const missing = missingOf(current.current);
      if (missing === null) return;
      const { items } = await fetchPage(missing);
      change(absorb(current.current, items));
    };
    older.current ??= load().finally(() => (older.current = null));
    return older.current;
  }, [change, fetchPage]);

  /** Load older messages until one is known. Return whether it is on the branch. */
  const reach = useCallback(
    async (id: string) => {
      for (let page = 0; page < SEARCHED; page++) {
        if (branchOf(current.current).some((message) => message.id === id)) return true;
        if (missingOf(current.current) === null) return false;
        await loadOlder();
      }
      return false;
    },
    [loadOlder],
  );

  /** Load one message again, such as one whose number of siblings has changed. */
  const reload = useCallback(
    async (messageId: string) => {
      const message = await dispatch(
        api.endpoints.getChatMessage.initiate({ sessionId, messageId }, { subscribe: false, forceRefetch: true }),
      ).unwrap();
      change(absorb(current.current, [message]));
    },
    [change, dispatch, sessionId],
  );

  const add = useCallback(
    (messages: readonly ChatMessageView[], leaf: string) => change(absorb(current.current, messages, leaf)),
    [change],
  );

  const load = useEffectEvent(() => void refresh());
  useEffect(() => load(), [sessionId, branch]);

  const messages = useMemo(() => branchOf(thread), [thread]);
  return { messages, hasOlder: missingOf(thread) !== null, isLoading, error, refresh, loadOlder, reach, reload, add };
}

export type ThreadTools = ReturnType<typeof useThread>;

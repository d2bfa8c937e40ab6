import { useCallback, useMemo, useRef, useState } from 'react';
import {
  type ChatMessageView,
  type DoubleTexting,
  type MessageSpec,
  useCancelReplyMutation,
  useChooseChatBranchMutation,
  useCreateChatMessageMutation,
  useRegenerateChatMessageMutation,
} from '../../api';
import type { Draft } from './compose/useDraft';
import type { ThreadTools } from './thread/useThread';

/** Send messages, request other replies, stop them, and change the branch. */
export function useWriting(sessionId: string, thread: ThreadTools, onChanged: () => void) {
  const [create] = useCreateChatMessageMutation();
  const [again] = useRegenerateChatMessageMutation();
  const [chooseBranch] = useChooseChatBranchMutation();
  const [cancel] = useCancelReplyMutation();
  const [pending, setPending] = useState<string | null>(null);
  const [error, setError] = useState<unknown>();
  const [policy, setPolicy] = useState<DoubleTexting | null>(null);
  const lastTry = useRef({ body: '', key: '' });
  const { add, refresh, reload } = thread;

  /** Run a request. Return whether it was accepted; if not, the error is shown. */
  const tried = useCallback(async (request: () => Promise<void>) => {
    setError(undefined);
    try {
      await request();
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    }
  }, []);

  const send = useCallback(
    async ({ text, files }: Draft, more: Partial<MessageSpec> = {}) => {
      const messageSpec: MessageSpec = { text, attachments: files.map(({ id }) => id), ...more };
      // The same message again after a failure is sent only once, even if the first request did arrive.
      const body = JSON.stringify(messageSpec);
      if (lastTry.current.body !== body) lastTry.current = { body, key: crypto.randomUUID() };
      setPending(text);
      const isSent = await tried(async () => {
        const { message, reply } = await create({ sessionId, messageSpec, 'Idempotency-Key': lastTry.current.key }).unwrap();
        lastTry.current = { body: '', key: '' };
        setPolicy(null);
        // Discarded replies leave the branch, and interrupted ones get their stored text.
        if (more.double_texting) await refresh();
        else add([message, reply], reply.id);
        onChanged();
      });
      setPending(null);
      return isSent;
    },
    [add, create, onChanged, refresh, sessionId, tried],
  );

  const regenerate = useCallback(
    ({ id: messageId }: ChatMessageView) =>
      tried(async () => {
        const { message, reply } = await again({ sessionId, messageId, spec: {} }).unwrap();
        add([message, reply], reply.id);
        onChanged();
      }),
    [add, again, onChanged, sessionId, tried],
  );

  const choose = useCallback(
    (id: string) =>
      tried(async () => {
        await chooseBranch({ sessionId, leafChoice: { message_id: id } }).unwrap();
        // The newest page may not reach the chosen message, whose number of siblings may have changed.
        await Promise.all([refresh(), reload(id)]);
      }),
    [chooseBranch, refresh, reload, sessionId, tried],
  );

  const stop = useCallback(
    (replyId: string) =>
      tried(async () => {
        await cancel({ replyId }).unwrap();
        await refresh();
      }),
    [cancel, refresh, tried],
  );

  return useMemo(
    () => ({ pending, error, policy, setPolicy, send, regenerate, choose, stop }),
    [pending, error, policy, send, regenerate, choose, stop],
  );
}

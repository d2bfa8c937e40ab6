import EndIcon from '@mui/icons-material/ArrowDownward';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Fab from '@mui/material/Fab';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect, useEffectEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { ChatMessageView, ChatSessionView } from '../../api';
import { useTopic } from '../../live/useTopic';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { Composer } from './compose/Composer';
import { Policy } from './compose/Policy';
import { Suggestions } from './Suggestions';
import { Messages } from './thread/Messages';
import { isOpen } from './thread/thread';
import { ActionsProvider } from './thread/useActions';
import { useScroll } from './thread/useScroll';
import { useThread } from './thread/useThread';
import { Bubble } from './thread/UserMessage';
import { useWriting } from './useWriting';

type Props = { session: ChatSessionView; isOwn: boolean; onChanged: () => void };

/** The messages of a session with the field for the next one. */
export function Conversation({ session, isOwn, onChanged }: Props) {
  const { t } = useTranslation('chat');
  const [params, setParams] = useSearchParams();
  const linked = params.get('message');
  const branch = params.get('branch');
  const thread = useThread(session.id, branch);
  const { messages } = thread;
  const writing = useWriting(session.id, thread, onChanged);
  const [editing, setEditing] = useState<ChatMessageView | null>(null);
  const [isLost, setLost] = useState(false);
  const { box, content, isAtEnd, toEnd, release } = useScroll(messages[0]?.id ?? null, () => void thread.loadOlder());

  // A user who sends a message to a busy session means it.
  const policy = writing.policy ?? (session.double_texting === 'reject' ? 'queue' : session.double_texting);
  const canWrite = isOwn && branch === null;
  const open = messages.filter((message) => isOpen(message) && message.task_id == null);
  const isAwaited = messages.some(isOpen);

  // Replies of this session begin and end, also those that were sent from elsewhere.
  useTopic(isOwn ? 'runs' : null, (frame) => {
    const concerns = frame.type === 'missed' || (frame.type === 'changes' && frame.changes.some((change) => change.session_id === session.id || messages.some((message) => message.reply?.id === change.run_id)));
    if (!concerns) return;
    void thread.refresh();
    onChanged();
  });

  const { reach } = thread;
  const show = useEffectEvent(async (id: string) => {
    release();
    const isThere = await reach(id);
    if (!isThere && branch !== id) {
      // It isn't on the active branch: show the branch that ends with it.
      setParams({ branch: id, message: id }, { replace: true });
      return;
    }
    setLost(!isThere);
    requestAnimationFrame(() => {
      release();
      const found = document.getElementById(`message-${id}`);
      found?.scrollIntoView({ block: 'center' });
      found?.focus({ preventScroll: true });
    });
  });
  const isReady = !thread.isLoading;
  useEffect(() => {
    if (linked === null || !isReady) return undefined;
    const timer = setTimeout(() => void show(linked));
    return () => clearTimeout(timer);
  }, [linked, isReady, branch]);

  const actions = useMemo(
    () => ({
      canWrite,
      edit: setEditing,
      regenerate: (message: ChatMessageView) => void writing.regenerate(message),
      choose: (id: string) => void writing.choose(id),
      stop: (id: string) => void writing.stop(id),
      ended: () => {
        void thread.refresh();
        onChanged();
      },
    }),
    [canWrite, writing, thread, onChanged],
  );

  const activate = async () => {
    if (branch === null) return;
    if (await writing.choose(branch)) setParams({}, { replace: true });
  };

  return (
    <ActionsProvider value={actions}>
      <Box ref={box} role="region" aria-label={t('message.conversation')} tabIndex={0} sx={{ flexGrow: 1, minHeight: 0, overflowY: 'auto', overflowAnchor: 'none', position: 'relative', outlineOffset: -2 }}>
        <Box ref={content} sx={{ maxWidth: 800, mx: 'auto', px: { xs: 2, md: 3 }, py: 3 }}>
          {thread.isLoading && <Loading rows={4} height={72} />}
          {thread.error !== undefined && <Problem error={thread.error} onRetry={() => void thread.refresh()} />}
          {isLost && <Alert severity="info" variant="outlined" sx={{ mb: 2 }} onClose={() => setLost(false)} closeText={t('common:close')}>{t('message.notFound')}</Alert>}
          {thread.hasOlder && !thread.isLoading && (
            <Box sx={{ textAlign: 'center', pb: 2 }}>
              <Button size="small" onClick={() => void thread.loadOlder()}>{t('message.older')}</Button>
            </Box>
          )}
          {!thread.isLoading && thread.error === undefined && messages.length === 0 && !writing.pending && (
            <Typography color="textSecondary" sx={{ textAlign: 'center', py: 6 }}>{t('message.noMessages')}</Typography>
          )}
          <Messages messages={messages} marked={linked} />
          {writing.pending !== null && (
            <Stack sx={{ alignItems: 'flex-end', mt: 2.5, pl: { xs: 3, sm: 8 } }}>
              <Bubble text={writing.pending} faded />
              <Typography variant="caption" color="textSecondary" role="status">{t('composer.sending')}</Typography>
            </Stack>
          )}
          {canWrite && !isAwaited && messages.length > 0 && <Suggestions sessionId={session.id} leaf={messages.at(-1)?.id ?? ''} onChoose={(text) => void writing.send({ text, files: [] })} />}
        </Box>
      </Box>
      <Announcer replies={open} />
      <Box sx={{ position: 'relative', maxWidth: 800, width: '100%', mx: 'auto', px: { xs: 1, md: 3 }, pb: { xs: 1, md: 2 } }}>
        {!isAtEnd && (
          <Fab size="small" aria-label={t('message.toEnd')} onClick={toEnd} sx={{ position: 'absolute', top: -52, left: '50%', transform: 'translateX(-50%)', bgcolor: 'background.paper', boxShadow: 2 }}>
            <EndIcon fontSize="small" />
          </Fab>
        )}
        {writing.error !== undefined && <Problem error={writing.error} compact />}
        {branch !== null ? (
          <Alert
            severity="info"
            variant="outlined"
            action={
              <>
                {isOwn && <Button size="small" onClick={() => void activate()}>{t('message.continueHere')}</Button>}
                <Button size="small" color="inherit" onClick={() => setParams({}, { replace: true })}>{t('message.toActive')}</Button>
              </>
            }
          >
            {t('message.otherBranch')}
          </Alert>
        ) : !isOwn ? (
          <Alert severity="info" variant="outlined">{t('composer.readOnly')}</Alert>
        ) : editing ? (
          <>
            <Stack direction="row" sx={{ alignItems: 'center', justifyContent: 'space-between', px: 1 }}>
              <Typography variant="caption" color="textSecondary">{t('composer.editing')}</Typography>
              <Button size="small" onClick={() => setEditing(null)}>{t('common:cancel')}</Button>
            </Stack>
            <Composer
              key={editing.id}
              place={`edit:${editing.id}`}
              placeholder={t('composer.placeholder')}
              initial={{ text: editing.text ?? '', files: editing.attachments ?? [] }}
              onEscape={() => setEditing(null)}
              onSend={async (draft) => {
                const isSent = await writing.send(draft, { parent_id: editing.parent_id });
                if (isSent) {
                  setEditing(null);
                  toEnd();
                }
                return isSent;
              }}
            />
          </>
        ) : (
          <Composer
            key={session.id}
            place={session.id}
            placeholder={t(open.length > 0 ? 'composer.placeholderOpen' : 'composer.placeholder')}
            autoFocus={linked === null}
            controls={open.length > 0 ? <Policy value={policy} onChange={writing.setPolicy} /> : null}
            onSend={async (draft) => {
              toEnd();
              return writing.send(draft, open.length > 0 ? { double_texting: policy } : {});
            }}
          />
        )}
      </Box>
    </ActionsProvider>
  );
}

/** Tells screen readers that a reply begins and ends, instead of reading each token. */
function Announcer({ replies }: { replies: readonly ChatMessageView[] }) {
  const { t } = useTranslation('chat');
  const [had, setHad] = useState(false);
  const isWriting = replies.length > 0;
  if (isWriting && !had) setHad(true);
  return (
    <Box aria-live="polite" sx={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' }}>
      {isWriting ? t('reply.announceBegin') : had ? t('reply.announceEnd') : ''}
    </Box>
  );
}

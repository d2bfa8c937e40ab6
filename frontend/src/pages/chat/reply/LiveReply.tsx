import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Markdown } from '../../../parts/Markdown';
import { Status } from '../../../parts/Status';
import { useActions } from '../thread/useActions';
import type { Note, Picture, Step, Subtask } from './picture';
import { ToolCall } from './ToolCall';
import { usePicture } from './usePicture';
import { Waits } from './Waits';

/** A reply that is being written: its text so far, its tool calls, and what it waits for. */
export function LiveReply({ replyId }: { replyId: string }) {
  const picture = usePicture(replyId);
  const actions = useActions();
  const hasEnded = picture.state === 'ended';
  const end = useEffectEvent(() => actions.ended());
  useEffect(() => {
    if (hasEnded) end();
  }, [hasEnded]);
  return (
    <Stack spacing={1} data-live={picture.state}>
      {picture.steps.map((step, index) => (
        <LiveStep key={step.step} step={step} isLast={index === picture.steps.length - 1} />
      ))}
      {picture.subtasks.length > 0 && <Subtasks subtasks={picture.subtasks} />}
      {picture.note && <Held note={picture.note} />}
      <Waits replyId={replyId} approvals={picture.approvals} budget={picture.budget} />
      <Activity picture={picture} />
    </Stack>
  );
}

function LiveStep({ step, isLast }: { step: Step; isLast: boolean }) {
  const { t } = useTranslation('chat');
  return (
    <>
      {isLast && step.attempt > 1 && (
        <Alert severity="warning" variant="outlined" sx={{ py: 0 }}>
          {t('reply.takenBack', { attempt: step.attempt })}
        </Alert>
      )}
      {step.text !== '' && <Markdown text={step.text} />}
      {step.calls.map((call) => (
        <ToolCall key={call.index} call={call} />
      ))}
    </>
  );
}

function Subtasks({ subtasks }: { subtasks: readonly Subtask[] }) {
  const { t } = useTranslation('chat');
  return (
    <Stack component="ul" spacing={0.5} sx={{ listStyle: 'none', p: 0, m: 0 }}>
      {subtasks.map(({ path, agent, title, state }) => (
        <Stack component="li" key={path} direction="row" spacing={1} sx={{ alignItems: 'center', pl: 2 * (path.split('.').length - 1) }}>
          <Status status={state} label={t(`work.${state}`)} />
          <Typography variant="body2" sx={{ overflowWrap: 'anywhere' }}>{t('work.delegated', { agent, title })}</Typography>
        </Stack>
      ))}
    </Stack>
  );
}

function Held({ note }: { note: Note }) {
  const { t } = useTranslation('chat');
  const text =
    note.kind === 'summarizes' ? t('reply.summarizes')
    : note.kind === 'fellBack' ? t('reply.fellBack', { model: note.model })
    : t(`reply.${note.kind}`, { message: note.message });
  return (
    <Typography variant="caption" color="textSecondary" component="div" sx={{ overflowWrap: 'anywhere' }}>
      {text}
    </Typography>
  );
}

/** Says what happens while no text arrives, with a mark that moves. */
function Activity({ picture }: { picture: Picture }) {
  const { t } = useTranslation('chat');
  if (picture.state === 'ended' || picture.approvals.length > 0 || picture.budget) return null;
  const last = picture.steps.at(-1);
  const isWriting = picture.state === 'working' && last !== undefined && last.text !== '' && last.calls.length === 0;
  return (
    <Stack direction="row" spacing={1} sx={{ alignItems: 'center', color: 'text.secondary' }}>
      <Box
        aria-hidden
        sx={{
          width: 8, height: 8, borderRadius: '50%', bgcolor: picture.state === 'queued' ? 'text.secondary' : 'info.main',
          '@keyframes pulse': { '50%': { opacity: 0.25 } }, animation: 'pulse 1.2s ease-in-out infinite',
        }}
      />
      <Typography variant="caption">{t(`reply.${isWriting ? 'writing' : picture.state}`)}</Typography>
    </Stack>
  );
}

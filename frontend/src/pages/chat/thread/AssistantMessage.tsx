import AgainIcon from '@mui/icons-material/Refresh';
import StopIcon from '@mui/icons-material/StopCircleOutlined';
import TaskIcon from '@mui/icons-material/AccountTreeOutlined';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { ChatMessageView, ReplyState } from '../../../api';
import { CopyButton } from '../../../parts/CopyButton';
import { Markdown } from '../../../parts/Markdown';
import { Money } from '../../../parts/Money';
import { Simulated } from '../../../parts/Simulated';
import { Status } from '../../../parts/Status';
import { LiveReply } from '../reply/LiveReply';
import { Work } from '../reply/Work';
import { Action } from './Action';
import { Branches } from './Branches';
import { isOpen } from './thread';
import { useActions } from './useActions';

/** A reply, or what became of a task: live while it's open, then the stored text. */
export const AssistantMessage = memo(function AssistantMessage({ message }: { message: ChatMessageView }) {
  const { t } = useTranslation('chat');
  const actions = useActions();
  const { reply } = message;
  const isLive = isOpen(message);
  const isTask = message.task_id != null;
  return (
    <Box sx={{ minWidth: 0 }}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', mb: 0.5, flexWrap: 'wrap' }}>
        <Typography variant="subtitle2" component="span">{reply?.agent ?? (isTask ? t('message.task') : t('message.assistant'))}</Typography>
        {reply?.model && <Typography variant="caption" color="textSecondary">{reply.model}</Typography>}
        {reply?.simulated && <Simulated />}
        {isTask && reply && <Status status={reply.status} />}
      </Stack>
      {isTask && <TaskLink taskId={message.task_id ?? ''} isOpen={isLive} />}
      {isLive && !isTask && reply && <LiveReply replyId={reply.id} />}
      {!isLive && (
        <>
          {reply?.agent && !isTask && <Work replyId={reply.id} />}
          {message.text !== null && message.text !== '' && <Markdown text={message.text} />}
          {reply && <Ending reply={reply} text={message.text} />}
        </>
      )}
      <Stack direction="row" spacing={0.5} useFlexGap sx={{ alignItems: 'center', minHeight: 32, '& .MuiIconButton-root:not(.Mui-disabled)': { color: 'text.secondary' }, flexWrap: 'wrap' }}>
        <Branches message={message} disabled={!actions.canWrite} onChoose={actions.choose} />
        {message.text && <CopyButton text={message.text} label={t('message.copy')} />}
        {actions.canWrite && !isTask && !isLive && <Action label={t('message.regenerate')} Icon={AgainIcon} onClick={() => actions.regenerate(message)} />}
        {actions.canWrite && isLive && !isTask && reply && (
          <Button size="small" color="secondary" startIcon={<StopIcon />} disabled={reply.status === 'cancelling'} onClick={() => actions.stop(reply.id)}>
            {t('composer.stop')}
          </Button>
        )}
        {reply && !isLive && <Cost reply={reply} />}
      </Stack>
    </Box>
  );
});

function TaskLink({ taskId, isOpen }: { taskId: string; isOpen: boolean }) {
  const { t } = useTranslation('chat');
  return (
    <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', my: 1, flexWrap: 'wrap' }}>
      <Button component={Link} to={`/tasks/${taskId}`} variant="outlined" size="small" startIcon={<TaskIcon />}>
        {t('message.openTask')}
      </Button>
      {isOpen && <Typography variant="caption" color="textSecondary">{t('message.taskRuns')}</Typography>}
    </Stack>
  );
}

/** Says why a reply ended, unless it simply did. */
function Ending({ reply, text }: { reply: ReplyState; text: string | null }) {
  const { t } = useTranslation('chat');
  if (reply.status === 'failed')
    return (
      <Alert severity="error" variant="outlined" sx={{ my: 1, overflowWrap: 'anywhere' }}>
        {t('message.failed')} {reply.error}
      </Alert>
    );
  const hint =
    reply.status === 'cancelled' ? (text ? 'stopped' : 'stoppedEmpty')
    : reply.finish_reason === 'length' ? 'cutOff'
    : reply.finish_reason === 'content_filter' ? 'filtered'
    : reply.finish_reason === 'refusal' ? 'refused'
    : text === '' ? 'empty'
    : null;
  if (hint === null) return null;
  return (
    <Typography variant="caption" color="textSecondary" component="p" sx={{ my: 0.5 }}>
      {t(`message.${hint}`)}
    </Typography>
  );
}

function Cost({ reply }: { reply: ReplyState }) {
  const { t } = useTranslation('chat');
  return (
    <Typography variant="caption" color="textSecondary" sx={{ ml: 'auto' }}>
      <Tooltip title={t('message.tokensHint')}>
        <span>{t('message.tokens', { input: reply.input_tokens.toLocaleString(), output: reply.output_tokens.toLocaleString() })}</span>
      </Tooltip>
      {' · '}
      <Money micro={reply.cost_micro_usd} />
    </Typography>
  );
}

import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView } from '../../../api';
import { Fold } from '../../../parts/Fold';
import { Markdown } from '../../../parts/Markdown';
import { Status } from '../../../parts/Status';
import { At } from '../../../parts/When';
import { ToolCall, ToolResult } from './ToolCall';
import { callKey } from './calls';

type Props = { message: MessageView; results: Map<string, MessageView> };

/** One message: who said it, its text, its reasoning and its tool calls. */
export const Message = memo(function Message({ message, results }: Props) {
  const { t } = useTranslation('task');
  const reply = message.role === 'assistant';
  const who = reply ? (message.agent ?? message.role) : message.role === 'tool' ? t('transcript.toolResult', { tool: message.tool ?? '' }) : t(message.guidance_id === null ? 'transcript.prompt' : 'transcript.guidance');
  const finish = message.finish_reason;
  const remark = finish && finish !== 'stop' && finish !== 'tool_calls' ? t(`transcript.finish.${finish}`) : undefined;
  return (
    <Card component="article" sx={{ p: 2, ...(reply ? {} : { bgcolor: 'surface.sunken' }) }}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'baseline', mb: 1 }}>
        <Typography variant="subtitle2" component="h3">{who}</Typography>
        {reply && <Typography variant="caption" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>{message.model}</Typography>}
        <Typography variant="caption" color="textSecondary">
          {[t(`transcript.purposes.${message.purpose}`), t('transcript.step', { step: message.step }), t('transcript.tokens', { count: message.tokens })].join(' · ')}
        </Typography>
        <Typography variant="caption" color="textSecondary" sx={{ ml: 'auto' }}><At at={message.created_at} seconds /></Typography>
      </Stack>
      {message.thought && (
        <Fold head={t('transcript.thought')}>
          <Box sx={{ pl: 2, borderLeft: 2, borderColor: 'divider', color: 'text.secondary', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: '0.875rem' }}>{message.thought}</Box>
        </Fold>
      )}
      {message.role === 'tool' ? <ToolResult result={message} /> : <Text text={message.content} markdown={reply} />}
      {(message.tool_calls ?? []).map((call) => <ToolCall key={call.id} call={call} result={results.get(callKey(message.path, message.step, call.id))} />)}
      {remark && <Box sx={{ mt: 1 }}><Status status="interrupted" label={remark} /></Box>}
    </Card>
  );
});

const LONG = 700;

function Text({ text, markdown }: { text: string; markdown: boolean }) {
  const { t } = useTranslation('task');
  const [all, setAll] = useState(false);
  if (text === '') return null;
  if (markdown) return <Box sx={{ fontSize: '0.9375rem' }}><Markdown text={text} /></Box>;
  const long = text.length > LONG;
  return (
    <>
      <Box sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: '0.875rem' }}>{long && !all ? `${text.slice(0, LONG)}…` : text}</Box>
      {long && <Button size="small" aria-expanded={all} onClick={() => setAll(!all)}>{t(all ? 'showLess' : 'showAll')}</Button>}
    </>
  );
}

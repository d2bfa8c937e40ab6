import Button from '@mui/material/Button';
import Alert from '@mui/material/Alert';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { type ReplyView, useCreateCompletionMutation, useGetReplyQuery } from '../../api';
import { Figure } from '../../parts/Figure';
import { Markdown } from '../../parts/Markdown';
import { Money } from '../../parts/Money';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';
import { Took } from '../../parts/Took';
import { draftOf, faultsOf, specOf } from './draft';
import { mayEdit } from './kinds';
import type { ViewProps } from './view';

const POLL_MS = 1500;

/** Runs the agent as it stands in the editor. */
export function TestView({ agent, address, edited }: ViewProps) {
  const { t } = useTranslation('agents');
  const [send, { data: sent, error, isLoading }] = useCreateCompletionMutation();
  const [message, setMessage] = useState('');
  const draft = edited?.draft ?? draftOf(agent);
  const faulty = edited !== undefined && Object.keys(faultsOf(draft)).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const who = edited ? { agent_draft: specOf(draft) } : { agent: address };
    // Answers at once; the page follows the reply.
    void send({ prefer: 'wait=0', completionSpec: { ...who, messages: [{ role: 'user', content: message }] } });
  };
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('testTitle')} about={t(mayEdit(agent) ? 'testAbout' : 'testSaved')}>
        <Stack component="form" spacing={2} onSubmit={submit}>
          <TextField label={t('message')} multiline minRows={3} required value={message} onChange={(event) => setMessage(event.target.value)} />
          {faulty && <Alert severity="warning" variant="outlined">{t('check')}</Alert>}
          {error !== undefined && <Problem error={error} compact />}
          <div><Button type="submit" variant="contained" disabled={isLoading || faulty || message.trim() === ''}>{t('run')}</Button></div>
        </Stack>
      </Panel>
      {sent && <Answer key={sent.id} sent={sent} />}
    </Stack>
  );
}

function Answer({ sent }: { sent: ReplyView }) {
  const { t } = useTranslation('agents');
  const [over, setOver] = useState(sent.ended_at !== null);
  const { data, error, refetch } = useGetReplyQuery({ replyId: sent.id }, { pollingInterval: over ? 0 : POLL_MS });
  const reply = data ?? sent;
  const ended = reply.ended_at !== null;
  if (ended !== over) setOver(ended);
  const tokens = (reply.usage.input_tokens ?? 0) + (reply.usage.output_tokens ?? 0);
  const pending = reply.approvals_pending ?? 0;
  return (
    <Panel title={t('answer')} actions={<Stack direction="row" spacing={1}>{reply.simulated && <Simulated />}<Status status={reply.status} /></Stack>}>
      {error !== undefined && <Problem error={error} compact onRetry={() => void refetch()} />}
      {pending > 0 && <Alert severity="warning" variant="outlined" action={<Button component={Link} to="/inbox" size="small" color="inherit">{t('toInbox')}</Button>}>{t('needsApproval', { count: pending })}</Alert>}
      {reply.error !== null && <Alert severity="error" variant="outlined">{t('failedRun', { reason: reply.error })}</Alert>}
      <div aria-live="polite">{reply.text ? <Markdown text={reply.text} /> : ended ? reply.error === null && t('noText') : t('stillRunning')}</div>
      <Stack direction="row" spacing={3} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <Figure name={t('spent')}><Money micro={reply.cost_micro_usd} /></Figure>
        <Figure name={t('used')}>{tokens.toLocaleString()}</Figure>
        <Figure name={t('modelCalls')}>{reply.model_calls}</Figure>
        <Figure name={t('took')}><Took from={reply.created_at} to={reply.ended_at} /></Figure>
      </Stack>
    </Panel>
  );
}

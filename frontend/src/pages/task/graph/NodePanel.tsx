import CloseIcon from '@mui/icons-material/Close';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Link from '@mui/material/Link';
import Paper from '@mui/material/Paper';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { memo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { isOver, type Wait } from '../../../live/picture';
import type { RunFeed } from '../../../live/run';
import { useNode, usePart } from '../../../live/useRun';
import { CopyButton } from '../../../parts/CopyButton';
import { Markdown } from '../../../parts/Markdown';
import { Money } from '../../../parts/Money';
import { Simulated } from '../../../parts/Simulated';
import { Status } from '../../../parts/Status';
import { Took } from '../../../parts/Took';
import { activityOf, costOf, titleOf } from './activity';
import { NodeText } from './NodeText';
import { SteerBox } from './SteerBox';

type Props = { feed: RunFeed; path: string; title: string; onClose: () => void; onEnter: ((path: string) => void) | null };

/** Everything about one node: its text as it is written, what it waits for, its result, and a box to guide it. */
export const NodePanel = memo(function NodePanel({ feed, path, title: taskTitle, onClose, onEnter }: Props) {
  const { t } = useTranslation('graph');
  const node = useNode(feed, path);
  const task = usePart(feed, (state) => state.task);
  const fact = usePart(feed, ({ facts }) => facts.get(path));
  const runHasEnded = usePart(feed, ({ picture }) => picture?.hasEnded === true);
  if (node === undefined) return null;
  const title = titleOf(node, taskTitle);
  const { status, label } = activityOf(node, t);
  const instruction = path === '' ? task?.goal : fact?.instruction;
  const result = path === '' ? task?.result : fact?.result;
  const ended = isOver(node.status);
  const agent = node.agent;
  return (
    <Paper variant="outlined" component="section" aria-label={t('panel', { title })} sx={{ p: 2, display: 'flex', flexDirection: 'column', gap: 2, height: { md: '100%' }, overflowY: 'auto', boxSizing: 'border-box' }}>
      <Box>
        <Stack direction="row" sx={{ justifyContent: 'space-between', alignItems: 'flex-start' }}>
          <Typography variant="h2" sx={{ overflowWrap: 'anywhere' }}>{title}</Typography>
          <Tooltip title={t('close')}>
            <IconButton size="small" aria-label={t('close')} onClick={onClose}><CloseIcon fontSize="small" /></IconButton>
          </Tooltip>
        </Stack>
        <Stack direction="row" useFlexGap sx={{ gap: 1, alignItems: 'center', flexWrap: 'wrap' }}>
          <Status status={status} label={label} />
          {node.simulated && <Simulated />}
          {onEnter && node.children.length > 0 && <Button size="small" onClick={() => onEnter(path)}>{t('enter')}</Button>}
        </Stack>
      </Box>
      {node.waits.map((wait) => <WaitNote key={wait.approvalId} wait={wait} />)}
      {node.error && <Alert severity="error" variant="outlined" sx={{ overflowWrap: 'anywhere' }}>{node.error.message}</Alert>}
      {node.call?.message && <Alert severity="warning" variant="outlined" sx={{ overflowWrap: 'anywhere' }}>{node.call.message}</Alert>}
      {node.problems.length > 0 && (
        <Alert severity="warning" variant="outlined"><strong>{t('problems')}</strong>{node.problems.map((each) => <div key={each}>{each}</div>)}</Alert>
      )}
      <Box component="dl" sx={{ display: 'grid', gridTemplateColumns: 'auto 1fr', columnGap: 2, rowGap: 0.5, m: 0, fontSize: 13, '& dt': { color: 'text.secondary' }, '& dd': { m: 0, overflowWrap: 'anywhere' } }}>
        {agent && <Fact name={t('agent')}><Link component={RouterLink} to={`/agents/${encodeURIComponent(agent)}`}>{agent}</Link></Fact>}
        {node.model && <Fact name={t('model')}>{node.model}</Fact>}
        <Fact name={t('modelCalls')}>{node.calls}</Fact>
        {node.toolCalls > 0 && <Fact name={t('toolCalls')}>{node.toolCalls}</Fact>}
        <Fact name={t('cost')}><Money micro={costOf(node, fact)} /></Fact>
        <Fact name={t('tokens')}>{t('tokensValue', { input: node.inputTokens.toLocaleString(), output: node.outputTokens.toLocaleString() })}</Fact>
        {node.startedAt && <Fact name={t('time')}><Took from={node.startedAt} to={node.endedAt} /></Fact>}
      </Box>
      {instruction && (
        <details>
          <Typography component="summary" variant="subtitle2" sx={{ cursor: 'pointer' }}>{t(path === '' ? 'goal' : 'instruction')}</Typography>
          <Box sx={{ mt: 1, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 14 }}>{instruction}</Box>
        </details>
      )}
      {node.tools.length > 0 && (
        <Section title={t('tools')}>
          {node.tools.map(({ step, index, tool, preview, since }) => (
            <Typography key={`${step}.${index}`} variant="body2" sx={{ overflowWrap: 'anywhere' }}><strong>{tool}</strong>{` ${preview} · `}<Took from={since} /></Typography>
          ))}
        </Section>
      )}
      {ended && result ? (
        <Section title={t('result')} action={<CopyButton text={result} />}>
          {node.finishReason === 'length' && <Alert severity="warning" variant="outlined" sx={{ mb: 1 }}>{t('cutOff')}</Alert>}
          <Markdown text={result} />
        </Section>
      ) : (
        node.startedAt && <Section title={t('text')}><NodeText feed={feed} path={path} /></Section>
      )}
      {!ended && !runHasEnded && <SteerBox key={path} id={feed.id} path={path} />}
    </Paper>
  );
});

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <Box>
      <Stack direction="row" sx={{ alignItems: 'center', justifyContent: 'space-between', mb: 0.5 }}>
        <Typography variant="subtitle2" component="h3">{title}</Typography>
        {action}
      </Stack>
      {children}
    </Box>
  );
}

function WaitNote({ wait }: { wait: Wait }) {
  const { t } = useTranslation('graph');
  return (
    <Alert
      severity="warning" variant="outlined" sx={{ overflowWrap: 'anywhere' }}
      action={<Button color="inherit" size="small" component={RouterLink} to={`/inbox/${wait.approvalId}`}>{t(wait.kind === 'question' ? 'answer' : 'decide')}</Button>}
    >
      <strong>{t('waitsFor')}</strong>
      <div>{wait.kind === 'question' ? wait.preview : `${wait.tool} ${wait.preview}`}</div>
    </Alert>
  );
}

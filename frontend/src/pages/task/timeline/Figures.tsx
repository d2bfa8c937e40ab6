import Box from '@mui/material/Box';
import MuiLink from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Span } from '../../../api';
import { Money } from '../../../parts/Money';
import { Simulated } from '../../../parts/Simulated';
import { Status } from '../../../parts/Status';
import { duration } from '../../../parts/times';
import { At } from '../../../parts/When';
import { timesOf, useSpanWords } from './words';

type Props = { span: Span | undefined; taskId: string; nameOf: (path: string) => string };

/** The figures of the call that is pointed at or has the focus. */
export function Figures({ span, taskId, nameOf }: Props) {
  const { t } = useTranslation('task');
  const words = useSpanWords();
  if (span === undefined) return <Typography variant="body2" color="textSecondary" sx={{ p: 1.5, minHeight: 96 }}>{t('timeline.select')}</Typography>;
  const times = timesOf(span);
  const tokens = span.usage;
  const call = span.kind === 'model_call' || span.kind === 'tool_call';
  return (
    <Box sx={{ p: 1.5, minHeight: 96 }}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <Typography variant="subtitle2" component="h2" sx={{ overflowWrap: 'anywhere' }}>{words.title(span)}</Typography>
        <Status status={words.status(span)} label={words.state(span)} />
        {span.simulated && <Simulated />}
        {call && <MuiLink component={Link} to={`/tasks/${taskId}/transcript?node=${encodeURIComponent(span.path || '.')}`} variant="caption">{t('timeline.transcript')}</MuiLink>}
      </Stack>
      <Stack component="dl" direction="row" useFlexGap sx={{ flexWrap: 'wrap', columnGap: 3, rowGap: 0.5, m: 0, mt: 1 }}>
        <Item name={t('timeline.where')}>{nameOf(span.path)}</Item>
        {span.agent && <Item name={t('timeline.agent')}>{span.agent}</Item>}
        <Item name={t('timeline.began')}><At at={span.started_at} seconds /></Item>
        {span.kind === 'model_call' && <Item name={t('timeline.queue')}>{times.queue === undefined ? t('timeline.none') : duration(times.queue)}</Item>}
        {span.kind === 'model_call' && <Item name={t('timeline.first')}>{times.first === undefined ? t(span.ended_at ? 'timeline.noTokens' : 'timeline.running') : duration(times.first)}</Item>}
        <Item name={t('timeline.total')}>{times.total === undefined ? t('timeline.running') : duration(times.total)}</Item>
        {tokens && <Item name={t('timeline.tokens')}>{t('timeline.inOut', { input: tokens.input_tokens ?? 0, output: tokens.output_tokens ?? 0 })}</Item>}
        {typeof span.cost_micro_usd === 'number' && <Item name={t('timeline.cost')}><Money micro={span.cost_micro_usd} /></Item>}
        {span.error_code && <Item name={t('timeline.error')}><MuiLink href={`/docs/errors#${span.error_code}`}>{span.error_code}</MuiLink></Item>}
      </Stack>
    </Box>
  );
}

function Item({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Box>
      <Typography component="dt" variant="caption" color="textSecondary">{name}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, fontVariantNumeric: 'tabular-nums', overflowWrap: 'anywhere' }}>{children}</Typography>
    </Box>
  );
}

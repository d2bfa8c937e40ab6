import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useGetAgentMetricsQuery, type VersionMetrics } from '../../api';
import { Bars } from '../../parts/Bars';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Money } from '../../parts/Money';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { ScrollTable } from '../../parts/ScrollTable';
import { duration } from '../../parts/times';
import type { ViewProps } from './view';

const COLUMNS = ['versionColumn', 'metricCalls', 'metricTokens', 'metricCost', 'p50', 'p95', 'errors'] as const;
const time = (ms: number | null) => (ms === null ? '–' : duration(ms));

/** What each version of an agent cost, how fast it was, and how often it failed. */
export function MetricsView({ address }: ViewProps) {
  const { t } = useTranslation(['agents', 'common']);
  const { data, error, refetch } = useGetAgentMetricsQuery({ agent: address });
  if (error !== undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading rows={4} />;
  if (data.versions.length === 0) return <EmptyState title={t('noMetrics')} hint={t('noMetricsHint')} />;
  const name = ({ version }: VersionMetrics) => (version === null ? t('built_in') : t('version', { version }));
  return (
    <Stack spacing={3}>
      <ScrollTable label={t('byVersion')}>
        <TableHead><TableRow>{COLUMNS.map((each, at) => <TableCell key={each} align={at === 0 ? 'left' : 'right'}>{t(each)}</TableCell>)}</TableRow></TableHead>
        <TableBody>
          {data.versions.map((each) => (
            <TableRow key={each.version}>
              <TableCell component="th" scope="row">{name(each)}</TableCell>
              <TableCell align="right">{each.calls.toLocaleString()}</TableCell>
              <TableCell align="right">{((each.usage.input_tokens ?? 0) + (each.usage.output_tokens ?? 0)).toLocaleString()}</TableCell>
              <TableCell align="right"><Money micro={each.cost_micro_usd} /></TableCell>
              <TableCell align="right">{time(each.latency_p50_ms)}</TableCell>
              <TableCell align="right">{time(each.latency_p95_ms)}</TableCell>
              <TableCell align="right">{Object.entries(each.failures).map(([code, count]) => `${code}: ${count}`).join(', ') || 0}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </ScrollTable>
      <Panel title={t('speedChart')}>
        <Bars bars={data.versions.map((each) => ({ name: name(each), value: each.latency_p50_ms ?? 0, text: time(each.latency_p50_ms), remark: `${t('p95')}: ${time(each.latency_p95_ms)}` }))} />
      </Panel>
    </Stack>
  );
}

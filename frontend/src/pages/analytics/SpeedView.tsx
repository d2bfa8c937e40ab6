import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useGetAgentsPerformanceQuery, useGetOverviewQuery, useGetTasksAnalyticsQuery, type Durations } from '../../api';
import { Figure } from '../../parts/Figure';
import { duration } from '../../parts/times';
import { Bars } from '../../parts/Bars';
import { Loaded } from './Loaded';
import type { Period } from './period';
import { Panel } from '../../parts/Panel';

const ms = (value: number | null | undefined) => (typeof value === 'number' ? duration(value) : '–');

/** What got slower? */
export function SpeedView({ period }: { period: Period }) {
  const { t } = useTranslation('analytics');
  const overview = useGetOverviewQuery(period.args);
  const tasks = useGetTasksAnalyticsQuery(period.args);
  const agents = useGetAgentsPerformanceQuery({ ...period.args, limit: 100 });
  return (
    <Loaded answer={overview} isEmpty={(data) => data.latency.count === 0}>
      {(data) => (
        <Stack spacing={3}>
          <Card>
            <CardContent>
              <Stack direction="row" spacing={5} useFlexGap sx={{ flexWrap: 'wrap' }}>
                <Spread name={t('answer')} durations={data.latency} />
                <Spread name={t('runTook')} durations={data.runs.duration} />
                {tasks.data && tasks.data.waited.count > 0 && <Spread name={t('waitingPeople')} durations={tasks.data.waited} />}
                {typeof tasks.data?.mean_queued_ms === 'number' && <Figure name={t('queued')}>{ms(tasks.data.mean_queued_ms)}</Figure>}
              </Stack>
            </CardContent>
          </Card>
          <Panel title={t('speedAgents')} about={t('p95')}>
            <Bars
              bars={(agents.data?.items ?? [])
                .filter(({ latency }) => typeof latency.p95_ms === 'number')
                .sort((a, b) => (b.latency.p95_ms ?? 0) - (a.latency.p95_ms ?? 0))
                .map((each) => ({
                  name: each.version === null ? each.agent : `${each.agent} · ${t('version', { version: each.version })}`,
                  value: each.latency.p95_ms ?? 0,
                  text: ms(each.latency.p95_ms),
                  remark: `${t('p50')} ${ms(each.latency.p50_ms)} · ${t('firstToken')} ${ms(each.first_token.p50_ms)}`,
                }))}
            />
          </Panel>
        </Stack>
      )}
    </Loaded>
  );
}

function Spread({ name, durations }: { name: string; durations: Durations }) {
  const { t } = useTranslation('analytics');
  return (
    <Figure name={name} remark={`${t('p95')} ${ms(durations.p95_ms)} · ${t('p99')} ${ms(durations.p99_ms)}`}>
      {ms(durations.p50_ms)}
    </Figure>
  );
}

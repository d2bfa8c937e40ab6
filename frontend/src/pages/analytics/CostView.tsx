import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useGetOverviewQuery, type Overview } from '../../api';
import { Figure } from '../../parts/Figure';
import { money } from '../../parts/Money';
import { Simulated } from '../../parts/Simulated';
import { Bars } from '../../parts/Bars';
import { DayChart } from './DayChart';
import { compactOf, daysOf, numberOf, percentOf, wasted } from './figures';
import { Loaded } from './Loaded';
import type { Period } from './period';
import { Panel } from '../../parts/Panel';

/** Where does the money go? */
export function CostView({ period }: { period: Period }) {
  const answer = useGetOverviewQuery(period.args);
  return (
    <Loaded answer={answer} isEmpty={(data) => data.model_calls.attempts === 0 && data.runs.created === 0}>
      {(data) => <Costs data={data} />}
    </Loaded>
  );
}

function Costs({ data }: { data: Overview }) {
  const { t } = useTranslation('analytics');
  const { model_calls: calls, runs } = data;
  const days = daysOf(data.period);
  const byDate = new Map(data.days.map((day) => [day.date, day.cost_micro_usd]));
  const doubts = [
    calls.estimated_micro_usd > 0 && t('estimated', { amount: money(calls.estimated_micro_usd) }),
    calls.in_doubt_micro_usd > 0 && t('inDoubt', { amount: money(calls.in_doubt_micro_usd) }),
  ].filter(Boolean);
  return (
    <Stack spacing={3}>
      <Card>
        <CardContent>
          <Stack direction="row" useFlexGap sx={{ flexWrap: 'wrap', columnGap: 4, rowGap: 2 }}>
            <Figure name={t('total')} remark={doubts.join('. ') || undefined}>{money(calls.cost_micro_usd)}</Figure>
            <Figure name={t('calls')} remark={typeof calls.success_rate === 'number' ? t('successRate', { rate: percentOf(calls.success_rate) }) : undefined}>
              <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
                <span>{numberOf(calls.attempts)}</span>
                {calls.simulated > 0 && <Simulated />}
              </Stack>
            </Figure>
            <Figure name={t('runs')} remark={t('runsDone', { completed: numberOf(runs.completed), failed: numberOf(runs.failed) })}>{numberOf(runs.created)}</Figure>
            <Figure name={t('tokens')} remark={calls.usage.cached_input_tokens ? t('cached', { count: compactOf(calls.usage.cached_input_tokens) as unknown as number }) : undefined}>
              {compactOf((calls.usage.input_tokens ?? 0) + (calls.usage.output_tokens ?? 0))}
            </Figure>
            <Figure name={t('costOfFailures')} remark={t('costOfFailuresHint', { count: wasted(calls), all: numberOf(calls.attempts) })}>{numberOf(wasted(calls))}</Figure>
          </Stack>
        </CardContent>
      </Card>
      <Panel title={t('perDay')}>
        <DayChart kind="bars" title={t('perDay')} days={days} series={[{ name: t('cost'), values: days.map((day) => byDate.get(day) ?? 0) }]} format={money} />
      </Panel>
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { md: '1fr 1fr' } }}>
        <Panel title={t('byModel')}>
          <Bars bars={data.by_model.map((each) => ({ name: each.model, value: each.cost_micro_usd, text: money(each.cost_micro_usd), remark: remark(each.attempts, wasted(each)) }))} />
        </Panel>
        <Panel title={t('byAgent')}>
          <Bars bars={data.by_agent.map((each) => ({ name: each.agent, value: each.cost_micro_usd, text: money(each.cost_micro_usd), remark: remark(each.attempts, wasted(each)) }))} />
        </Panel>
      </Box>
    </Stack>
  );

  function remark(attempts: number, lost: number) {
    return `${t('attemptsOf', { count: attempts })}${lost > 0 ? ` · ${t('lost', { count: lost })}` : ''}`;
  }
}

import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useGetTaskCostQuery, type ModelCallView, type TaskView, type Usage } from '../../../api';
import { type Bar, Bars } from '../../../parts/Bars';
import { EmptyState } from '../../../parts/EmptyState';
import { Figure } from '../../../parts/Figure';
import { Loading } from '../../../parts/Loading';
import { Money, money } from '../../../parts/Money';
import { Problem } from '../../../parts/Problem';
import { Panel } from '../../../parts/Panel';
import { Simulated } from '../../../parts/Simulated';
import { pollingOf, useKeptUp } from '../useKeptUp';
import { useNodeName, useNodes } from '../useNodes';
import { Attempts } from './Attempts';

const NAMED = 12;

type Part = { name: string; attempts: number; cost_micro_usd: number; in_doubt_micro_usd: number; simulated?: boolean; estimated?: boolean };

/** Where the task's money goes. */
export default function CostView({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  const { data, error, refetch } = useGetTaskCostQuery({ taskId: task.id }, pollingOf(task));
  useKeptUp(task, refetch, data !== undefined);
  const nameOf = useNodeName(useNodes(task.id));
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading rows={4} height={80} />;
  if (data.attempts.length === 0 && data.spent_micro_usd === 0) return <EmptyState title={t('cost.empty')} hint={t('cost.emptyHint')} />;
  const limit = data.budget?.max_cost_micro_usd;
  const tokens = (usage: Usage) => t('cost.inOut', { input: (usage.input_tokens ?? 0).toLocaleString(), output: (usage.output_tokens ?? 0).toLocaleString() });
  const lost = data.attempts.filter(({ status }) => !['finished', 'started'].includes(status));
  const bars = (parts: Part[]): Bar[] =>
    parts.toSorted((a, b) => b.cost_micro_usd - a.cost_micro_usd).slice(0, NAMED).map((part) => ({
      name: part.name, value: part.cost_micro_usd,
      text: <Stack direction="row" spacing={1} component="span">{part.simulated && <Simulated />}<Money micro={part.cost_micro_usd} /></Stack>,
      remark: [
        t('cost.attempts', { count: part.attempts }), part.estimated && t('facts.estimated'),
        part.in_doubt_micro_usd > 0 && t('cost.moreDoubt', { amount: money(part.in_doubt_micro_usd) }),
      ].filter(Boolean).join(' · '),
    }));
  return (
    <Stack spacing={2}>
      <Stack direction="row" useFlexGap sx={{ flexWrap: 'wrap', columnGap: 5, rowGap: 2 }}>
        <Figure name={t('cost.spent')} remark={data.estimated ? t('cost.estimated') : undefined}><Money micro={data.spent_micro_usd} /> {task.simulated && <Simulated />}</Figure>
        <Figure name={t('cost.budget')} remark={limit ? t('cost.used', { percent: new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 }).format(data.spent_micro_usd / limit) }) : undefined}>{limit ? <Money micro={limit} /> : t('cost.none')}</Figure>
        {data.in_doubt_micro_usd > 0 && <Figure name={t('cost.inDoubt')} remark={t('cost.inDoubtHint')}><Money micro={data.in_doubt_micro_usd} /></Figure>}
        {data.reserved_micro_usd > 0 && <Figure name={t('cost.reserved')} remark={t('cost.reservedHint')}><Money micro={data.reserved_micro_usd} /></Figure>}
        <Figure name={t('cost.tokens')} remark={<>{tokens(data.usage)}{data.usage.cached_input_tokens ? ` · ${t('cost.cached', { count: data.usage.cached_input_tokens })}` : ''}</>}>
          {((data.usage.input_tokens ?? 0) + (data.usage.output_tokens ?? 0)).toLocaleString()}
        </Figure>
        {lost.length > 0 && (
          <Figure name={t('cost.wasted')} remark={t('cost.wastedHint', { count: lost.length, amount: money(lost.reduce((sum, each) => sum + each.cost_micro_usd, 0)) })}>{lost.length}</Figure>
        )}
      </Stack>
      <Box sx={{ display: 'grid', gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'repeat(2, minmax(0, 1fr))' }, gap: 2 }}>
        <Panel title={t('cost.byNode')}><Bars bars={bars(named(data.by_subtask.map((part) => ({ ...part, name: nameOf(part.path) }))))} /></Panel>
        <Stack spacing={2}>
          <Panel title={t('cost.byModel')}><Bars bars={bars(data.by_model.map((part) => ({ ...part, name: part.model })))} /></Panel>
          <Panel title={t('cost.byAgent')}><Bars bars={bars(data.by_agent.map((part) => ({ ...part, name: part.agent })))} /></Panel>
          <Panel title={t('cost.byPurpose')}><Bars bars={bars(byPurpose(data.attempts).map((part) => ({ ...part, name: t(`transcript.purposes.${part.purpose}`) })))} /></Panel>
        </Stack>
      </Box>
      <Attempts attempts={data.attempts} nameOf={nameOf} />
    </Stack>
  );
}

/** Number titles that several parts of the task have, so that each bar has a name of its own. */
function named(parts: Part[]): Part[] {
  const seen = new Map<string, number>();
  return parts.map((part) => {
    const count = (seen.get(part.name) ?? 0) + 1;
    seen.set(part.name, count);
    return count === 1 ? part : { ...part, name: `${part.name} (${count})` };
  });
}

/** Add up the listed attempts by what they were for; attempts in doubt cost nothing until it's known what became of them. */
function byPurpose(attempts: ModelCallView[]) {
  const sums = new Map<ModelCallView['purpose'], Omit<Part, 'name'> & { purpose: ModelCallView['purpose'] }>();
  for (const { purpose, cost_micro_usd, status } of attempts) {
    const sum = sums.get(purpose) ?? { purpose, attempts: 0, cost_micro_usd: 0, in_doubt_micro_usd: 0 };
    const doubt = status === 'in_doubt';
    sums.set(purpose, {
      ...sum, attempts: sum.attempts + 1, cost_micro_usd: sum.cost_micro_usd + (doubt ? 0 : cost_micro_usd), in_doubt_micro_usd: sum.in_doubt_micro_usd + (doubt ? cost_micro_usd : 0),
    });
  }
  return [...sums.values()];
}

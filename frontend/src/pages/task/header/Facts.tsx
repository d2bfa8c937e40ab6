import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '../../../api';
import { Money, money } from '../../../parts/Money';
import { Took } from '../../../parts/Took';
import { When } from '../../../parts/When';

function Fact({ name, children, remark, share, limit = false }: { name: string; children: ReactNode; remark?: ReactNode; share?: number | undefined; limit?: boolean }) {
  return (
    <Box sx={{ minWidth: 88 }}>
      <Typography component="dt" variant="caption" color="textSecondary">{name}</Typography>
      <Box component="dd" sx={{ m: 0 }}>
        <Typography component="div" variant="body2" sx={{ fontWeight: 600, fontVariantNumeric: 'tabular-nums', overflowWrap: 'anywhere' }}>{children}</Typography>
        {share !== undefined && (
          <LinearProgress variant="determinate" aria-label={name} value={Math.min(100, share * 100)} color={limit && share >= 1 ? 'warning' : 'primary'} sx={{ mt: 0.5, height: 4, borderRadius: 2, maxWidth: 120 }} />
        )}
        {remark && <Typography component="div" variant="caption" color="textSecondary">{remark}</Typography>}
      </Box>
    </Box>
  );
}

const NORMAL = 3;

/** A task's figures: cost of the budget, calls, tokens, subtasks, time, model. */
export function Facts({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  const { budget, usage } = task;
  const tokens = (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0);
  const share = (used: number, limit: number | null | undefined) => (limit ? used / limit : undefined);
  const costRemarks = [
    budget?.max_cost_micro_usd && t('facts.ofBudget', { amount: money(budget.max_cost_micro_usd) }), task.estimated && t('facts.estimated'),
    task.in_doubt_micro_usd > 0 && t('facts.inDoubt', { amount: money(task.in_doubt_micro_usd) }),
  ].filter(Boolean);
  return (
    <Box component="dl" sx={{ m: 0, display: 'flex', flexWrap: 'wrap', columnGap: { xs: 3, md: 5 }, rowGap: 1.5 }}>
      <Fact name={t('facts.cost')} remark={costRemarks.join(', ')} limit share={share(task.spent_micro_usd, budget?.max_cost_micro_usd)}><Money micro={task.spent_micro_usd} /></Fact>
      {task.subtasks_total > 0 && (
        <Fact name={t('facts.subtasks')} share={task.subtasks_done / task.subtasks_total}>{t('facts.done', { done: task.subtasks_done, total: task.subtasks_total })}</Fact>
      )}
      <Fact name={t('facts.calls')} remark={budget?.max_model_calls ? t('facts.ofCalls', { count: budget.max_model_calls }) : undefined} limit share={share(task.model_calls, budget?.max_model_calls)}>{task.model_calls}</Fact>
      <Fact name={t('facts.tokens')} remark={budget?.max_tokens ? t('facts.ofTokens', { count: budget.max_tokens }) : undefined} limit share={share(tokens, budget?.max_tokens)}>{tokens.toLocaleString()}</Fact>
      {task.started_at && <Fact name={t('facts.took')} remark={task.retries ? t('facts.retries', { count: task.retries }) : undefined}><Took from={task.started_at} to={task.ended_at} /></Fact>}
      <Fact name={t('facts.created')}><When at={task.created_at} /></Fact>
      <Fact name={t('facts.model')}>{task.model ?? t('facts.defaultModel')}</Fact>
      {task.priority !== NORMAL && <Fact name={t('facts.priority')}>{t(`priorities.${task.priority as 1 | 2 | 3 | 4 | 5}`, { defaultValue: String(task.priority) })}</Fact>}
    </Box>
  );
}

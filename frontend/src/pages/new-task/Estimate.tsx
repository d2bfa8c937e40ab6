import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Spread, TaskEstimate } from '../../api';
import { problemOf } from '../../api/problems';
import { money } from '../../parts/Money';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';
import { duration } from '../../parts/times';

type Props = { estimate: TaskEstimate | undefined; error: unknown; pending: boolean };

function range({ p50, p90 }: Spread, format: (value: number) => string): string {
  const [low, high] = [format(p50), format(p90)];
  return low === high ? low : `${low} – ${high}`;
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Box>
      <Typography variant="caption" color="textSecondary" component="dt">{name}</Typography>
      <Typography variant="subtitle1" component="dd" sx={{ m: 0, fontVariantNumeric: 'tabular-nums' }}>{children}</Typography>
    </Box>
  );
}

/** What the task will probably cost, and what that is based on. */
export function Estimate({ estimate, error, pending }: Props) {
  const { t } = useTranslation('new-task');
  const problem = problemOf(error);
  const count = (value: number) => Math.round(value).toLocaleString();
  return (
    <Card component="section" aria-label={t('estimate')} aria-busy={pending} sx={{ p: 2 }}>
      <Stack direction="row" spacing={1} sx={{ alignItems: 'center', mb: 1 }}>
        <Typography variant="h2" sx={{ fontSize: '0.9375rem' }}>{t('estimate')}</Typography>
        {estimate?.simulated && <Simulated />}
      </Stack>
      {error !== undefined ? (
        <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>{problem?.status === 422 ? t('estimateFix') : (problem?.detail ?? t('estimateFailed'))}</Typography>
      ) : !estimate ? (
        <Typography variant="body2" color="textSecondary">{pending ? t('estimating') : t('estimateEmpty')}</Typography>
      ) : (
        <Stack spacing={1.5} sx={{ opacity: pending ? 0.75 : 1 }}>
          <Box component="dl" sx={{ m: 0, display: 'grid', gap: 1.5, gridTemplateColumns: { xs: '1fr 1fr', lg: '1fr' } }}>
            <Figure name={t('estimateCost')}>{range(estimate.cost_micro_usd, money)}</Figure>
            <Figure name={t('estimateCalls')}>{range(estimate.model_calls, count)}</Figure>
            <Figure name={t('estimateTokens')}>{range(estimate.tokens, count)}</Figure>
            {estimate.duration_ms && <Figure name={t('estimateTime')}>{range(estimate.duration_ms, duration)}</Figure>}
          </Box>
          {estimate.within_budget !== null && (
            <Status status={estimate.within_budget ? 'ok' : 'low'} label={t(estimate.within_budget ? 'withinBudget' : 'overBudget')} />
          )}
          <Typography variant="caption" color="textSecondary">
            {estimate.based_on === 'prices' ? t('basedOnPrices', { count: estimate.samples }) : t('basedOnTasks', { count: estimate.samples })}
          </Typography>
        </Stack>
      )}
    </Card>
  );
}

import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { type SpendingLimitView, useGetLimitsQuery, useGetTaskCountsQuery } from '../../api';
import { Figure } from '../../parts/Figure';
import { Money, money } from '../../parts/Money';
import { useTimeZone } from '../../parts/times';
import { Panel } from './Panel';

const AGAIN_MS = 10_000;
const SHOWN = ['running', 'queued', 'completed', 'failed'] as const;

/** Today's cost, the spending limits, and the number of tasks by state. */
export function Today() {
  const { t } = useTranslation('home');
  const timeZone = useTimeZone();
  const { data } = useGetTaskCountsQuery({ timeZone }, { pollingInterval: AGAIN_MS, skipPollingIfUnfocused: true });
  const { data: limits } = useGetLimitsQuery();
  const today = data?.today;
  const remarks = today && [
    today.simulated_micro_usd > 0 && t('simulatedPart', { amount: money(today.simulated_micro_usd) }),
    today.in_doubt_micro_usd > 0 && t('inDoubt', { amount: money(today.in_doubt_micro_usd) }),
  ].filter(Boolean);
  return (
    <Panel title={t('today')} to="/analytics">
      {today && <Figure name={t('cost')} remark={remarks?.join(', ')}><Money micro={today.cost_micro_usd} /></Figure>}
      <Stack direction="row" useFlexGap spacing={2} sx={{ flexWrap: 'wrap', my: 1 }}>
        {data && SHOWN.map((status) => <Typography key={status} variant="body2"><strong>{data.by_status[status] ?? 0}</strong> {t(`counts.${status}`)}</Typography>)}
      </Stack>
      {limits?.limits.length === 0 && <Typography variant="caption" color="textSecondary">{t('noLimits')}</Typography>}
      {limits?.limits.map((limit) => <Limit key={limit.name} limit={limit} />)}
    </Panel>
  );
}

function Limit({ limit }: { limit: SpendingLimitView }) {
  const { t } = useTranslation('home');
  const name = `${t(limit.period)} (${t(`scope.${limit.scope}`)})`;
  const share = limit.limit_micro_usd > 0 ? limit.spent_micro_usd / limit.limit_micro_usd : 1;
  return (
    <Box sx={{ mt: 1 }}>
      <Typography variant="caption" color="textSecondary">{name}: {t('ofLimit', { spent: money(limit.spent_micro_usd), limit: money(limit.limit_micro_usd) })}</Typography>
      <LinearProgress variant="determinate" aria-label={name} value={Math.min(100, share * 100)} color={share >= 1 ? 'error' : share > 0.8 ? 'warning' : 'primary'} />
    </Box>
  );
}

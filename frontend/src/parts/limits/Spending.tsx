import { useTranslation } from 'react-i18next';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { LimitsView } from '../../api';
import { addWords } from '../../app/words';
import { Figure } from '../Figure';
import { money } from '../Money';
import { Panel } from '../Panel';
import { At } from '../When';
import texts from '../../words/limits';
import { Meter } from './Meter';

addWords('limits', texts);

/** What was spent today and this month, and what is left of each limit. */
export function Spending({ limits, about }: { limits: LimitsView; about?: string }) {
  const { t } = useTranslation('limits');
  return (
    <Panel title={t('spending')} about={about}>
      <Stack direction="row" spacing={4} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <Figure name={t('today')} remark={remark(limits.day)}>{money(limits.day.spent_micro_usd)}</Figure>
        <Figure name={t('thisMonth')} remark={remark(limits.month)}>{money(limits.month.spent_micro_usd)}</Figure>
      </Stack>
      {limits.limits.length === 0 && <Typography variant="body2" color="textSecondary">{t('noLimits')}</Typography>}
      {limits.limits.map((each) => {
        const counted = each.spent_micro_usd + each.reserved_micro_usd + each.in_doubt_micro_usd;
        return (
          <Meter
            key={each.name} name={t(`names.${each.name}`)} used={each.limit_micro_usd === 0 ? 1 : counted / each.limit_micro_usd}
            remark={<>{t('left', { amount: money(each.left_micro_usd) })} · {t('until')} <At at={each.ends_at} /></>}
          >
            {t('of', { used: money(counted), limit: money(each.limit_micro_usd) })}
          </Meter>
        );
      })}
    </Panel>
  );

  function remark(spent: LimitsView['day']) {
    return [
      ...(spent.reserved_micro_usd > 0 ? [t('reserved', { amount: money(spent.reserved_micro_usd) })] : []),
      ...(spent.in_doubt_micro_usd > 0 ? [t('inDoubt', { amount: money(spent.in_doubt_micro_usd) })] : []),
    ].join(' · ');
  }
}

import Stack from '@mui/material/Stack';
import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useParams } from 'react-router';
import { addWords } from '../../app/words';
import { Choose } from '../../parts/Choose';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/analytics';
import { CostView } from './CostView';
import { Export } from './Export';
import { FailuresView } from './FailuresView';
import { MetricsView } from './MetricsView';
import { DAYS, usePeriod } from './period';
import { SpeedView } from './SpeedView';
import { UsageView } from './UsageView';

addWords('analytics', texts);

const VIEWS = { cost: CostView, speed: SpeedView, failures: FailuresView, usage: UsageView, metrics: MetricsView } as const;
type View = keyof typeof VIEWS;

/** Charts that answer a question: where the money goes, what got slower, what fails. */
export default function Analytics() {
  const { t } = useTranslation('analytics');
  const params = useParams();
  const { search } = useLocation();
  const period = usePeriod();
  const view: View = params.view !== undefined && params.view in VIEWS ? (params.view as View) : 'cost';
  const Shown = VIEWS[view];
  return (
    <Stack spacing={3} sx={{ maxWidth: 1200 }}>
      <div>
        <PageHeader
          title={t('title')}
          actions={
            <>
              <Choose label={t('period')} value={period.days} onChange={(value) => period.set({ days: value === '30' ? '' : value })} options={DAYS.map((each) => [each, t(`days.${each}`)] as const)} />
              {period.isAdmin && (
                <Choose label={t('whose')} width={130} value={period.whose} onChange={(value) => period.set({ whose: value === 'all' ? 'all' : '' })} options={[['mine', t('mine')], ['all', t('all')]]} />
              )}
              <Export args={period.args} />
            </>
          }
        />
        <Tabs value={view} aria-label={t('title')} variant="scrollable" allowScrollButtonsMobile sx={{ borderBottom: 1, borderColor: 'divider' }}>
          {(Object.keys(VIEWS) as View[]).map((each) => (
            <Tab key={each} value={each} label={t(`views.${each}`)} component={Link} to={{ pathname: each === 'cost' ? '/analytics' : `/analytics/${each}`, search }} />
          ))}
        </Tabs>
      </div>
      <Shown period={period} />
    </Stack>
  );
}

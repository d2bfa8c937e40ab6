import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useGetLimitsQuery } from '../../api';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { Holdings } from '../../parts/limits/Holdings';
import { Spending } from '../../parts/limits/Spending';

/** What the user has spent and has, and what limits there are. */
export function LimitsView() {
  const { t } = useTranslation('settings');
  const { data, error, refetch } = useGetLimitsQuery(undefined, { refetchOnMountOrArgChange: true });
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Spending limits={data} about={t('spendingAbout', { zone: data.time_zone })} />
      <Holdings holdings={data.holdings} />
    </Stack>
  );
}

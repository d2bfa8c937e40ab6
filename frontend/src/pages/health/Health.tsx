import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { useGetHealthQuery, useGetSystemMetricsQuery } from '../../api';
import { useIsAdmin } from '../../app/session/useMe';
import { addWords } from '../../app/words';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Status } from '../../parts/Status';
import texts from '../../words/health';
import { healthOf } from './answer';
import { PartList } from './PartList';
import { Processes } from './Processes';
import { Work } from './Work';

addWords('health', texts);

const AGAIN_MS = 10_000;

/** The state of every part of the installation, renewed every few seconds. */
export default function Health() {
  const { t } = useTranslation('health');
  const isAdmin = useIsAdmin();
  const { data, error, refetch, isLoading } = useGetHealthQuery(undefined, { pollingInterval: AGAIN_MS, skipPollingIfUnfocused: true });
  const health = healthOf(data, error);
  return (
    <>
      <PageHeader title={t('title')} about={health?.version ? t('version', { version: health.version }) : t('about')} />
      {isLoading && <Loading />}
      {health === undefined && error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {health && (
        <Stack spacing={3} sx={{ maxWidth: 1200 }}>
          <Card>
            <CardContent>
              <Stack direction="row" spacing={2} useFlexGap role="status" sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
                <Status status={health.status} />
                <Typography>{t(`overall.${health.status}`)}</Typography>
              </Stack>
            </CardContent>
          </Card>
          {health.parts && Object.keys(health.parts).length > 0 && <PartList parts={health.parts} />}
          {isAdmin ? <Figures /> : <Typography color="textSecondary">{t('adminOnly')}</Typography>}
        </Stack>
      )}
    </>
  );
}

function Figures() {
  const { data, error, refetch } = useGetSystemMetricsQuery(undefined, { pollingInterval: AGAIN_MS, skipPollingIfUnfocused: true });
  if (error !== undefined && data === undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading rows={2} />;
  return (
    <>
      <Work queues={data.queues} />
      <Processes processes={data.processes} />
    </>
  );
}

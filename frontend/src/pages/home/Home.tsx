import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useListTasksQuery } from '../../api';
import { useMe } from '../../app/session/useMe';
import { addWords } from '../../app/words';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import texts from '../../words/home';
import { Failed } from './Failed';
import { FirstTask } from './FirstTask';
import { HealthPanel } from './HealthPanel';
import { Next } from './Next';
import { Running } from './Running';
import { Today } from './Today';
import { WaitingPanel } from './WaitingPanel';

addWords('home', texts);

/** What runs, what waits for the user, what failed, what it cost, and whether the installation works. */
export default function Home() {
  const { t } = useTranslation('home');
  const { name } = useMe();
  const { data, error, refetch } = useListTasksQuery({ limit: 1 });
  const header = <PageHeader title={name ? t('greeting', { name }) : t('title')} documentTitle={t('title')} />;
  if (data === undefined) return <>{header}{error === undefined ? <Loading rows={5} height={72} /> : <Problem error={error} onRetry={() => void refetch()} />}</>;
  return (
    <Box sx={{ maxWidth: 1200 }}>
      {header}
      {data.items.length === 0 && <FirstTask />}
      <Box sx={{ display: 'grid', gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 5fr) minmax(0, 3fr)' }, gap: 2, alignItems: 'start' }}>
        <Stack spacing={2}>
          <WaitingPanel />
          <Running />
          <Failed />
        </Stack>
        <Stack spacing={2}>
          <Today />
          <HealthPanel />
          <Next />
        </Stack>
      </Box>
    </Box>
  );
}

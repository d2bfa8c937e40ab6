import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useListProvidersQuery } from '../../api';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Rows } from '../../parts/Rows';
import { ProviderRow } from './ProviderRow';

/** Which providers can be used, and what the others lack. Keys are settings of the servers and never reach the browser. */
export function ProvidersView() {
  const { t } = useTranslation('settings');
  const { data, error, refetch, isLoading } = useListProvidersQuery();
  const ready = data?.filter(({ configured }) => configured) ?? [];
  const others = data?.filter(({ configured }) => !configured) ?? [];
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      {isLoading && <Loading rows={4} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {ready.length > 0 && (
        <Panel title={t('providersReady')} about={t('providersReadyAbout')}>
          <Rows>{ready.map((each) => <ProviderRow key={each.name} provider={each} />)}</Rows>
        </Panel>
      )}
      {others.length > 0 && (
        <Panel title={t('providersOther')} about={t('providersOtherAbout')}>
          <Rows>{others.map((each) => <ProviderRow key={each.name} provider={each} />)}</Rows>
        </Panel>
      )}
    </Stack>
  );
}

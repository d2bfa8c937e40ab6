import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { type ProviderView, useValidateProviderMutation } from '../../api';
import { useIsAdmin } from '../../app/session/useMe';
import { money } from '../../parts/Money';
import { Problem } from '../../parts/Problem';
import { Row } from '../../parts/Rows';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';

/** A provider with a test of its key, which administrators can start. */
export function ProviderRow({ provider }: { provider: ProviderView }) {
  const { t } = useTranslation('settings');
  const isAdmin = useIsAdmin();
  const [validate, { data, error, isLoading }] = useValidateProviderMutation();
  const { name, configured, simulated, advice, operations } = provider;
  const test = configured && isAdmin && !simulated;
  return (
    <Row
      action={test && (
        <Button size="small" variant="outlined" disabled={isLoading} aria-label={`${t('testKey')}: ${name}`} onClick={() => void validate({ name, request: null })}>
          {t(isLoading ? 'testing' : 'testKey')}
        </Button>
      )}
    >
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
        <Typography variant="body2" sx={{ fontWeight: 600 }}>{name}</Typography>
        <Status status={configured ? 'ok' : 'none'} label={t(configured ? 'ready' : 'notReady')} />
        {simulated && <Simulated />}
      </Stack>
      {advice && <Typography variant="body2" color="textSecondary">{advice}</Typography>}
      {configured && <Typography variant="caption" color="textSecondary" component="div">
        {[t('operations.chat'), ...(operations ?? []).map((each) => t(`operations.${each}`))].join(' · ')} · <Link component={To} underline="always" to={`/settings/models?provider=${encodeURIComponent(name)}`} aria-label={t('modelsOf', { name })}>{t('views.models')}</Link>
      </Typography>}
      <div aria-live="polite">
        {data && (
          <Alert severity={data.verdict === 'valid' ? 'success' : 'error'} variant="outlined" sx={{ mt: 1 }}>
            {data.message}
            {data.cost_micro_usd ? ` ${t('testCost', { cost: money(data.cost_micro_usd) })}` : ''}
          </Alert>
        )}
        {error !== undefined && <Problem error={error} compact />}
      </div>
    </Row>
  );
}

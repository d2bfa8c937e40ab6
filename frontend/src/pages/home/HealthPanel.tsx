import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { useGetHealthQuery } from '../../api';
import { useIsAdmin } from '../../app/session/useMe';
import { addWords } from '../../app/words';
import { Problem } from '../../parts/Problem';
import { Status } from '../../parts/Status';
import healthTexts from '../../words/health';
import { healthOf } from '../health/answer';
import { Panel } from './Panel';

addWords('health', healthTexts);

const AGAIN_MS = 15_000;
const WORDS = { ok: 'healthOk', degraded: 'healthDegraded', down: 'healthDown' } as const;

/** Whether the installation works; for administrators, each part. */
export function HealthPanel() {
  const { t } = useTranslation(['home', 'health']);
  const isAdmin = useIsAdmin();
  const { data, error } = useGetHealthQuery(undefined, { pollingInterval: AGAIN_MS, skipPollingIfUnfocused: true });
  const health = healthOf(data, error);
  return (
    <Panel title={t('health')} to="/system-health">
      {health === undefined && error !== undefined && <Problem error={error} compact />}
      {health && (
        <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
          <Status status={health.status} />
          <Typography variant="body2">{t(WORDS[health.status])}</Typography>
        </Stack>
      )}
      {isAdmin && (
        <Stack direction="row" useFlexGap spacing={2} sx={{ flexWrap: 'wrap', mt: 1 }}>
          {Object.entries(health?.parts ?? {}).map(([name, part]) => <Status key={name} status={part.state} label={t(`health:part.${name}`, { defaultValue: name })} />)}
        </Stack>
      )}
    </Panel>
  );
}

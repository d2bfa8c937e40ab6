import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { useGetAgentStatusQuery } from '../../api';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { Status } from '../../parts/Status';
import { Took } from '../../parts/Took';
import { Settings } from './Settings';
import type { ViewProps } from './view';

/** What an agent does at the moment, and what it is made of. */
export function OverviewView({ agent, address }: ViewProps) {
  const { t } = useTranslation('agents');
  const { data, error, refetch } = useGetAgentStatusQuery({ agent: address });
  const waits = data?.waits_for ?? [];
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('now')} actions={data && <Status status={data.status} />}>
        {error !== undefined && <Problem error={error} compact onRetry={() => void refetch()} />}
        {!data && error === undefined && <Loading rows={1} />}
        {data && data.calls.length === 0 && waits.length === 0 && data.tasks_waiting === 0 && <Typography variant="body2" color="textSecondary">{t('nothingNow')}</Typography>}
        {data && data.tasks_waiting > 0 && <Typography variant="body2">{t('waiting', { count: data.tasks_waiting })}</Typography>}
        <Rows>
          {data?.calls.map((call) => (
            <Row key={`${call.task_id}/${call.path}/${call.step}`} action={<Link component={To} to={`/tasks/${call.task_id}`}>{t('openTask')}</Link>}>
              <Typography variant="body2">{t('running', { step: call.step })} <Took from={call.since} /></Typography>
            </Row>
          ))}
          {waits.map((wait) => (
            <Row key={wait.approval_id} action={<Link component={To} to={`/tasks/${wait.task_id}`}>{t('openTask')}</Link>}>
              <Status status="waiting" label={t('waitsFor', { tool: wait.tool })} />
            </Row>
          ))}
        </Rows>
      </Panel>
      <Settings agent={agent} />
    </Stack>
  );
}

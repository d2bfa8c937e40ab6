import Chip from '@mui/material/Chip';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { type AgentView, useGetAgentStatusQuery } from '../../api';
import { Row } from '../../parts/Rows';
import { Status } from '../../parts/Status';
import { kindOf, refOf } from './kinds';

/** An agent in the list, with what it does at the moment. */
export function AgentRow({ agent }: { agent: AgentView }) {
  const { t } = useTranslation('agents');
  const { data: live } = useGetAgentStatusQuery({ agent: refOf(agent) });
  const facts = [
    agent.model ?? t('taskModel'),
    agent.tools.length > 0 ? t('tools', { count: agent.tools.length }) : t('noTools'),
    agent.version != null && t('version', { version: agent.version }),
    live && live.calls.length > 0 && t('calls', { count: live.calls.length }),
    live && live.tasks_waiting > 0 && t('waiting', { count: live.tasks_waiting }),
  ].filter(Boolean);
  return (
    <Row action={agent.active === false ? <Status status="inactive" /> : live && <Status status={live.status} />}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
        <Link component={To} to={`/agents/${encodeURIComponent(refOf(agent))}`} sx={{ fontWeight: 600 }}>{agent.name}</Link>
        <Chip size="small" variant="outlined" label={t(kindOf(agent))} />
      </Stack>
      {agent.description && <Typography variant="body2">{agent.description}</Typography>}
      <Typography variant="caption" color="textSecondary" component="div">{facts.join(' · ')}</Typography>
    </Row>
  );
}

import Accordion from '@mui/material/Accordion';
import AccordionDetails from '@mui/material/AccordionDetails';
import AccordionSummary from '@mui/material/AccordionSummary';
import ExpandMoreIcon from '@mui/icons-material/ExpandMore';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { useGetToolQuery } from '../../api';
import { statusOf } from '../../api/problems';
import { useIsAdmin } from '../../app/session/useMe';
import { Json } from '../../parts/CodeBlock';
import { EmptyState } from '../../parts/EmptyState';
import { Fact, Facts } from '../../parts/Facts';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Offered } from './Offered';
import { Ruling, ToolState } from './Ruling';

/** One tool: what it does, under which rule, and a changed definition that waits to be accepted. */
export function Tool({ name }: { name: string }) {
  const { t } = useTranslation('settings');
  const isAdmin = useIsAdmin();
  const { data: tool, error, refetch } = useGetToolQuery({ name });
  const back = <Link component={To} to="/settings/tools">{t('allTools')}</Link>;
  if (statusOf(error) === 404) return <EmptyState title={t('toolGone')} hint={t('toolGoneHint')} action={back} />;
  if (tool === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      {back}
      {tool.offered && <Offered tool={tool} offered={tool.offered} mayAccept={tool.own || isAdmin} />}
      <Panel title={tool.name} actions={<ToolState status={tool.status} />}>
        <Typography variant="body2" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{tool.description}</Typography>
        <Facts>
          <Fact name={t('source')}>{tool.server ? t('ofServer', { name: tool.server }) : t(`sources.${tool.source}`)}</Fact>
          <Fact name={t('effect')}>{t(tool.reads_only ? 'readsOnly' : 'changesThings')}</Fact>
          <Fact name={t('afterCrash')}>{t(`kinds.${tool.kind}`)}</Fact>
          <Fact name={t('sendsOut')}>{t(tool.egress ? 'yes' : 'no')}</Fact>
          <Fact name={t('strangers')}>{t(tool.untrusted ? 'yes' : 'no')}</Fact>
        </Facts>
        <Accordion disableGutters variant="outlined">
          <AccordionSummary expandIcon={<ExpandMoreIcon />}>{t('schema')}</AccordionSummary>
          <AccordionDetails><Json value={tool.parameters} label={t('schema')} /></AccordionDetails>
        </Accordion>
      </Panel>
      <Panel title={t('rule')} about={tool.ruling.reason} actions={<Link component={To} to={`/settings/policy?tool=${encodeURIComponent(tool.name)}`}>{t('tryRules')}</Link>}>
        <div><Ruling ruling={tool.ruling} /></div>
      </Panel>
    </Stack>
  );
}

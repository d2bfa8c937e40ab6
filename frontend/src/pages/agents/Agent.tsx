import Alert from '@mui/material/Alert';
import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useGetAgentQuery } from '../../api';
import { etagOf } from '../../api/etags';
import { addWords } from '../../app/words';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import texts from '../../words/agents';
import { AgentActions } from './AgentActions';
import { EditView } from './EditView';
import { mayEdit } from './kinds';
import { LeaveGuard } from './LeaveGuard';
import { MetricsView } from './MetricsView';
import { OverviewView } from './OverviewView';
import { TestView } from './TestView';
import { VersionsView } from './VersionsView';
import type { Edited } from './view';

addWords('agents', texts);

const VIEWS = { overview: OverviewView, edit: EditView, versions: VersionsView, test: TestView, metrics: MetricsView } as const;
type View = keyof typeof VIEWS;

export default function Agent() {
  const address = useParams().agent ?? '';
  return <Page key={address} address={address} />;
}

/** One agent. Unsaved changes live as long as the page, so that they can be tested. */
function Page({ address }: { address: string }) {
  const { t } = useTranslation('agents');
  const params = useParams();
  const view: View = params.view !== undefined && params.view in VIEWS ? (params.view as View) : 'overview';
  const { data: agent, error, refetch } = useGetAgentQuery({ agent: address });
  const [edited, setEdited] = useState<Edited>();
  const home = `/agents/${encodeURIComponent(address)}`;
  if (!agent) return error === undefined ? <Loading rows={6} /> : <><PageHeader title={t('title')} /><Problem error={error} onRetry={() => void refetch()} /></>;
  const Shown = VIEWS[view];
  const own = mayEdit(agent);
  const views = (Object.keys(VIEWS) as View[]).filter((each) => (own || each !== 'edit') && (!agent.built_in || each !== 'versions'));
  return (
    <>
      <PageHeader title={agent.name} about={agent.description} actions={<AgentActions agent={agent} address={address} />} />
      {!own && <Alert severity="info" variant="outlined" sx={{ mb: 2 }}>{t(agent.built_in ? 'readOnly' : 'noRight')}</Alert>}
      {agent.active === false && <Alert severity="warning" variant="outlined" sx={{ mb: 2 }}>{t('inactiveHint')}</Alert>}
      <Tabs value={views.includes(view) ? view : 'overview'} aria-label={agent.name} variant="scrollable" allowScrollButtonsMobile sx={{ mb: 3, borderBottom: 1, borderColor: 'divider' }}>
        {views.map((each) => <Tab key={each} value={each} label={t(`views.${each}`)} component={Link} to={each === 'overview' ? home : `${home}/${each}`} />)}
      </Tabs>
      <Shown
        agent={agent} address={address} edited={edited}
        onEdit={(draft) => setEdited((now) => ({ draft, etag: now ? now.etag : etagOf(`/api/v1/agents/${encodeURIComponent(address)}`) }))}
        onReload={async () => {
          await refetch();
          setEdited(undefined);
        }}
      />
      <LeaveGuard on={edited !== undefined} home={home} />
    </>
  );
}

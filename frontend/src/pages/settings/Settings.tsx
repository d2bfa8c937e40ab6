import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import type { ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useIsAdmin } from '../../app/session/useMe';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/settings';
import { LimitsView } from './LimitsView';
import { McpServersView } from './McpServersView';
import { ModelsView } from './ModelsView';
import { PolicyView } from './PolicyView';
import { ProvidersView } from './ProvidersView';
import { RetentionView } from './RetentionView';
import { ToolsView } from './ToolsView';

addWords('settings', texts);

const VIEWS = {
  providers: ProvidersView, models: ModelsView, tools: ToolsView, 'mcp-servers': McpServersView,
  policy: PolicyView, limits: LimitsView, retention: RetentionView,
} as const satisfies Record<string, ComponentType>;
type View = keyof typeof VIEWS;

/** What the installation offers to agents, and the rules that apply to them. */
export default function Settings() {
  const { t } = useTranslation('settings');
  const isAdmin = useIsAdmin();
  const params = useParams();
  const shown = (Object.keys(VIEWS) as View[]).filter((each) => isAdmin || each !== 'retention');
  const view = shown.find((each) => each === params.view) ?? 'providers';
  const Shown = VIEWS[view];
  return (
    <>
      <PageHeader title={t('title')} documentTitle={`${t(`views.${view}`)} · ${t('title')}`} />
      <Tabs value={view} aria-label={t('title')} variant="scrollable" allowScrollButtonsMobile sx={{ mb: 3, borderBottom: 1, borderColor: 'divider' }}>
        {shown.map((each) => (
          <Tab key={each} value={each} label={t(`views.${each}`)} component={Link} to={each === 'providers' ? '/settings' : `/settings/${each}`} />
        ))}
      </Tabs>
      <Shown />
    </>
  );
}

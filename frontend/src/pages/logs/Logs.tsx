import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useIsAdmin } from '../../app/session/useMe';
import { addWords } from '../../app/words';
import { EmptyState } from '../../parts/EmptyState';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/logs';
import { AuditLog } from './AuditLog';
import { SystemLog } from './SystemLog';

addWords('logs', texts);

/** The system log and the audit log, for administrators. */
export default function Logs() {
  const { t } = useTranslation('logs');
  const isAdmin = useIsAdmin();
  const view = useParams().view === 'audit' ? 'audit' : 'system';
  if (!isAdmin) return <EmptyState title={t('adminOnly')} level="h1" />;
  return (
    <>
      <PageHeader title={t('title')} about={t('about')} />
      <Tabs value={view} aria-label={t('title')} sx={{ mb: 2, borderBottom: 1, borderColor: 'divider' }}>
        <Tab value="system" label={t('system')} component={Link} to="/logs" />
        <Tab value="audit" label={t('audit')} component={Link} to="/logs/audit" />
      </Tabs>
      {view === 'audit' ? <AuditLog /> : <SystemLog />}
    </>
  );
}

import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useIsAdmin } from '../../app/session/useMe';
import { addWords } from '../../app/words';
import { EmptyState } from '../../parts/EmptyState';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/users';
import { Invitations } from './Invitations';
import { User } from './User';
import { UserList } from './UserList';

addWords('users', texts);

const INVITATIONS = 'invitations';

/** Accounts, service accounts and invitations, for administrators. */
export default function Users() {
  const { t } = useTranslation('users');
  const isAdmin = useIsAdmin();
  const { id } = useParams();
  if (!isAdmin) return <EmptyState level="h1" title={t('onlyAdmins')} hint={t('onlyAdminsHint')} />;
  if (id !== undefined && id !== INVITATIONS) return <User key={id} id={id} />;
  const view = id ?? 'list';
  return (
    <>
      <PageHeader title={t('title')} />
      <Tabs value={view} aria-label={t('title')} sx={{ mb: 3, borderBottom: 1, borderColor: 'divider' }}>
        <Tab value="list" label={t('accounts')} component={Link} to="/users" />
        <Tab value={INVITATIONS} label={t('invitations')} component={Link} to="/users/invitations" />
      </Tabs>
      {view === INVITATIONS ? <Invitations /> : <UserList />}
    </>
  );
}

import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { useGetUserQuery } from '../../api';
import { statusOf } from '../../api/problems';
import { useMe } from '../../app/session/useMe';
import { EmptyState } from '../../parts/EmptyState';
import { Fact, Facts } from '../../parts/Facts';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Status } from '../../parts/Status';
import { At, When } from '../../parts/When';
import { UserActions } from './UserActions';
import { UserForm } from './UserForm';
import { UserKeys } from './UserKeys';
import { UserSpending } from './UserSpending';

/** One account. */
export function User({ id }: { id: string }) {
  const { t } = useTranslation('users');
  const me = useMe();
  const { data: user, error, refetch } = useGetUserQuery({ userId: id });
  const back = <Link component={To} to="/users">{t('allUsers')}</Link>;
  if (statusOf(error) === 404) return <EmptyState level="h1" title={t('gone')} action={back} />;
  if (user === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  const there = user.state !== 'deleted';
  return (
    <>
      <PageHeader title={user.name || user.email} above={back} about={me.id === user.id ? t('thisIsYou') : undefined} actions={there && me.id !== user.id && <UserActions user={user} />} />
      <Stack spacing={3} sx={{ maxWidth: 860 }}>
        <Panel title={t('account')}>
          <Facts>
            <Fact name={t(user.kind === 'service' ? 'serviceName' : 'email')}>{user.email}</Fact>
            <Fact name={t('state')}><Status status={user.state === 'active' ? 'active' : 'inactive'} label={t(`states.${user.state}`)} /></Fact>
            <Fact name={t('kind')}>{t(`kinds.${user.kind}`)}</Fact>
            <Fact name={t('created')}><At at={user.created_at} /></Fact>
            <Fact name={t('lastUse')}>{user.last_used_at ? <When at={user.last_used_at} /> : t('neverUsed')}</Fact>
            {user.kind === 'person' && <Fact name={t('signsIn')}>{t(user.has_password ? 'withPassword' : 'withProvider')}</Fact>}
          </Facts>
        </Panel>
        {there && <UserForm key={`${user.name} ${user.role}`} user={user} />}
        <UserSpending id={id} editable={there} />
        {there && <UserKeys user={user} />}
      </Stack>
    </>
  );
}

import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { api, type ListUsersApiArg, useListUsersQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { Choose } from '../../parts/Choose';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { Status } from '../../parts/Status';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { useTyped } from '../../parts/useTyped';
import { When } from '../../parts/When';
import { NewServiceAccount } from './NewServiceAccount';

const ROLES = ['user', 'admin', 'viewer'] as const;
const STATES = ['active', 'disabled', 'deleted'] as const;

function one<T extends string>(values: readonly T[], value: string): T | undefined {
  return values.find((each) => each === value);
}

export function UserList() {
  const { t } = useTranslation('users');
  const dispatch = useAppDispatch();
  const { get, set, any, clear } = useFilters();
  const [text, setText] = useTyped(get('q'), (q) => set({ q }));
  const [creating, setCreating] = useState(false);
  const [q, kind, role, state] = [get('q'), get('kind') === 'service' ? ('service' as const) : undefined, one(ROLES, get('role')), one(STATES, get('state'))];
  const wish = useMemo<ListUsersApiArg>(() => ({ limit: 50, ...(q ? { q } : {}), ...(kind ? { kind } : {}), ...(role ? { role } : {}), ...(state ? { state } : {}) }), [q, kind, role, state]);
  const { data, error, refetch, isLoading } = useListUsersQuery(wish);
  const loadPage = useCallback((cursor: string) => dispatch(api.endpoints.listUsers.initiate({ ...wish, cursor }, { subscribe: false })).unwrap(), [dispatch, wish]);
  const pages = usePages(JSON.stringify(wish), data, loadPage);
  return (
    <Stack spacing={2} sx={{ maxWidth: 960 }}>
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <TextField type="search" label={t('search')} value={text} onChange={(event) => setText(event.target.value)} sx={{ width: 260 }} />
        <Choose label={t('role')} value={role ?? ''} onChange={(value) => set({ role: value })} options={[['', t('all')], ...ROLES.map((each) => [each, t(`roles.${each}`)] as const)]} />
        <Choose label={t('kind')} value={kind ?? ''} onChange={(value) => set({ kind: value })} options={[['', t('kinds.person')], ['service', t('kinds.service')]]} />
        <Choose label={t('state')} value={state ?? ''} onChange={(value) => set({ state: value })} options={[['', t('notDeleted')], ...STATES.map((each) => [each, t(`states.${each}`)] as const)]} />
      </Stack>
      {isLoading && <Loading rows={6} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data && (
        <Panel
          title={t('accounts')}
          actions={
            <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
              <Button variant="outlined" onClick={() => setCreating(true)}>{t('newService')}</Button>
              <Button variant="contained" component={To} to="/users/invitations">{t('invite')}</Button>
            </Stack>
          }
        >
          {pages.items.length === 0 && <EmptyState level="h3" title={t('noUsers')} hint={t('noUsersHint')} action={any && <Button variant="outlined" onClick={clear}>{t('clearFilters')}</Button>} />}
          <Rows>
            {pages.items.map((user) => (
              <Row key={user.id} action={user.state !== 'active' && <Status status={user.state === 'disabled' ? 'inactive' : 'cancelled'} label={t(`states.${user.state}`)} />}>
                <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
                  <Link component={To} to={`/users/${user.id}`} sx={{ fontWeight: 600 }}>{user.name || user.email}</Link>
                  <Chip size="small" variant="outlined" label={t(`roles.${user.role}`)} />
                  {user.kind === 'service' && <Chip size="small" variant="outlined" label={t('kinds.service')} />}
                </Stack>
                <Typography variant="caption" color="textSecondary" component="div">
                  {user.name && user.name !== user.email && `${user.email} · `}
                  {user.last_used_at ? <>{t('lastUsed')} <When at={user.last_used_at} /></> : t('neverUsed')}
                </Typography>
              </Row>
            ))}
          </Rows>
        </Panel>
      )}
      {pages.error !== undefined && <Problem error={pages.error} compact />}
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
      {creating && <NewServiceAccount onClose={() => setCreating(false)} />}
    </Stack>
  );
}

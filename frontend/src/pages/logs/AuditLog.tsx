import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, useListAuditEntriesQuery, type AuditAction, type AuditEntryView } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { Choose } from '../../parts/Choose';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Problem } from '../../parts/Problem';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { useTyped } from '../../parts/useTyped';
import { LogRow } from './LogRow';
import { NoEntries } from './NoEntries';
import { PERIODS, sinceOf } from './periods';

const ACTIONS: readonly AuditAction[] = [
  'sign_in.succeeded', 'sign_in.failed', 'sign_out', 'session.ended', 'refresh_token.reused', 'password.changed',
  'password.change_failed', 'password.reset_created', 'password.reset', 'api_key.created', 'api_key.deleted',
  'user.registered', 'user.created', 'user.changed', 'user.disabled', 'user.enabled', 'user.deleted', 'limits.changed',
  'invitation.created', 'invitation.deleted', 'identity.linked', 'policy.replaced', 'group.created', 'group.changed',
  'group.deleted', 'group.member_added', 'group.member_removed', 'share.set', 'share.removed', 'retention.started',
  'content.erased', 'content.read', 'hold.placed', 'hold.lifted', 'codec_address.created',
];

/** Return an action in words, such as `API key created` for `api_key.created`. */
function words(action: string): string {
  const text = action.replaceAll(/[._]/g, ' ').replace(/^api /, 'API ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What was done to accounts, credentials and rules, newest first. */
export function AuditLog() {
  const { t } = useTranslation('logs');
  const dispatch = useAppDispatch();
  const { get, set, any, clear } = useFilters();
  const [opened] = useState(() => Date.now());
  const [actor, setActor] = useTyped(get('actor'), (text) => set({ actor: text }));
  const [subject, setSubject] = useTyped(get('subject'), (text) => set({ subject: text }));
  const since = sinceOf(get('period'), opened);
  const action = ACTIONS.find((each) => each === get('action'));
  const filter = {
    limit: 50,
    ...(action ? { action } : {}), ...(get('actor') ? { actorId: get('actor') } : {}),
    ...(get('subject') ? { subjectId: get('subject') } : {}), ...(since ? { since } : {}),
  };
  const { data, error, refetch, isLoading } = useListAuditEntriesQuery(filter);
  const pages = usePages<AuditEntryView>(JSON.stringify(filter), data, (cursor) =>
    dispatch(api.endpoints.listAuditEntries.initiate({ ...filter, cursor }, { subscribe: false })).unwrap(),
  );
  const about = (entry: AuditEntryView) =>
    [t('by', { who: entry.actor ?? entry.actor_id ?? t('nobody') }), entry.address && t('from', { address: entry.address })]
      .filter(Boolean)
      .join(' ');
  return (
    <Stack spacing={2}>
      <Stack direction="row" spacing={1.5} useFlexGap role="search" aria-label={t('audit')} sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <Choose label={t('action')} width={220} value={get('action')} onChange={(value) => set({ action: value })} options={[['', t('anyAction')], ...ACTIONS.map((each) => [each, words(each)] as const)]} />
        <Choose label={t('since')} value={get('period')} onChange={(value) => set({ period: value })} options={[['', t('anyTime')], ...(Object.keys(PERIODS) as (keyof typeof PERIODS)[]).map((each) => [each, t(each)] as const)]} />
        <TextField label={t('actor')} value={actor} onChange={(event) => setActor(event.target.value.trim())} sx={{ width: 260 }} />
        <TextField label={t('subject')} value={subject} onChange={(event) => setSubject(event.target.value.trim())} sx={{ width: 260 }} />
      </Stack>
      {isLoading && <Loading />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data && pages.items.length === 0 && <NoEntries filtered={any} onClear={clear} />}
      {pages.items.length > 0 && (
        <Stack component="ul" sx={{ listStyle: 'none', m: 0, p: 0, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
          {pages.items.map((entry) => (
            <LogRow key={entry.id} at={entry.at} title={words(entry.action)} about={about(entry)} requestId={entry.request_id} fields={{ ...entry.details, subject_id: entry.subject_id, actor_id: entry.actor_id }} />
          ))}
        </Stack>
      )}
      {pages.error !== undefined && <Problem error={pages.error} />}
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </Stack>
  );
}

import FormControlLabel from '@mui/material/FormControlLabel';
import Stack from '@mui/material/Stack';
import Switch from '@mui/material/Switch';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, useListSystemLogQuery, type LogEntry } from '../../api';
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

const LEVELS = ['info', 'warning', 'error', 'critical'] as const;
const COMPONENTS = ['api', 'worker', 'cli'] as const;
const FOLLOW_MS = 5000;

/** Warnings and errors of all processes, newest first. */
export function SystemLog() {
  const { t } = useTranslation('logs');
  const dispatch = useAppDispatch();
  const { get, set, any, clear } = useFilters();
  const [follow, setFollow] = useState(false);
  const [q, setQ] = useTyped(get('q'), (text) => set({ q: text }));
  const [opened] = useState(() => Date.now());
  const since = sinceOf(get('period'), opened);
  const level = LEVELS.find((each) => each === get('level'));
  const filter = {
    limit: 50,
    ...(level ? { level } : {}), ...(get('component') ? { component: get('component') } : {}),
    ...(get('q') ? { q: get('q') } : {}), ...(since ? { since } : {}),
  };
  const { data, error, refetch, isLoading } = useListSystemLogQuery(filter, { pollingInterval: follow ? FOLLOW_MS : 0 });
  const pages = usePages<LogEntry>(JSON.stringify(filter), data, (cursor) =>
    dispatch(api.endpoints.listSystemLog.initiate({ ...filter, cursor }, { subscribe: false })).unwrap(),
  );
  return (
    <Stack spacing={2}>
      <Stack direction="row" spacing={1.5} useFlexGap role="search" aria-label={t('system')} sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <TextField label={t('search')} placeholder={t('searchHint')} value={q} onChange={(event) => setQ(event.target.value)} sx={{ width: 240 }} type="search" slotProps={{ inputLabel: { shrink: true } }} />
        <Choose label={t('level')} value={get('level')} onChange={(value) => set({ level: value })} options={[['', t('anyLevel')], ...LEVELS.map((each) => [each, t(`levels.${each}`)] as const)]} />
        <Choose label={t('component')} value={get('component')} onChange={(value) => set({ component: value })} options={[['', t('anyComponent')], ...COMPONENTS.map((each) => [each, each] as const)]} />
        <Choose label={t('since')} value={get('period')} onChange={(value) => set({ period: value })} options={[['', t('anyTime')], ...(Object.keys(PERIODS) as (keyof typeof PERIODS)[]).map((each) => [each, t(each)] as const)]} />
        <FormControlLabel control={<Switch checked={follow} onChange={(_, on) => setFollow(on)} />} label={t('follow')} title={t('followHint')} />
      </Stack>
      {isLoading && <Loading />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data && pages.items.length === 0 && <NoEntries filtered={any} onClear={clear} />}
      {pages.items.length > 0 && (
        <Stack component="ul" sx={{ listStyle: 'none', m: 0, p: 0, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
          {pages.items.map((entry) => (
            <LogRow key={entry.id} at={entry.at} level={entry.level} title={entry.event} about={entry.component} requestId={entry.request_id} fields={entry.fields} />
          ))}
        </Stack>
      )}
      {pages.error !== undefined && <Problem error={pages.error} />}
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </Stack>
  );
}

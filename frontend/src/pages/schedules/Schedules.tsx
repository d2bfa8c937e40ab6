import AddIcon from '@mui/icons-material/Add';
import ScheduleIcon from '@mui/icons-material/Schedule';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import MuiLink from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, type ScheduleView, useListScheduleRunsQuery, useListSchedulesQuery } from '../../api';
import { addWords } from '../../app/words';
import { Choose } from '../../parts/Choose';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Status } from '../../parts/Status';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { When } from '../../parts/When';
import texts from '../../words/schedules';
import { PauseButton } from './PauseButton';
import { inWords } from './timing';

addWords('schedules', texts);

const SHARED = ['mine', 'shared', 'all'] as const;
const PAGE = 20;

/** The list of schedules: when each runs next, and how its last run ended. */
export default function Schedules() {
  const { t } = useTranslation('schedules');
  const filters = useFilters();
  const shared = SHARED.find((each) => each === filters.get('shared')) ?? 'mine';
  const { data, error, refetch } = useListSchedulesQuery({ shared, limit: PAGE });
  const [loadPage] = api.useLazyListSchedulesQuery();
  const load = useCallback((cursor: string) => loadPage({ shared, limit: PAGE, cursor }).unwrap(), [loadPage, shared]);
  const pages = usePages(shared, data, load);
  const create = <Button component={Link} to="/schedules/new" variant="contained" startIcon={<AddIcon />}>{t('new')}</Button>;
  return (
    <Box sx={{ maxWidth: 1200, mx: 'auto' }}>
      <PageHeader title={t('heading')} about={t('about')} actions={create} />
      <Box sx={{ mb: 2 }}>
        <Choose label={t('owner')} value={shared} options={SHARED.map((each) => [each, t(`shared.${each}`)])} onChange={(value) => filters.set({ shared: value === 'mine' ? '' : value })} />
      </Box>
      {error ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Loading rows={4} height={76} />
      ) : pages.items.length === 0 ? (
        <EmptyState icon={<ScheduleIcon color="disabled" fontSize="large" />} title={t(shared === 'mine' ? 'empty' : 'emptyShared')} hint={t('emptyHint')} action={create} />
      ) : (
        <Stack component="ul" spacing={1} sx={{ m: 0, p: 0, listStyle: 'none' }}>
          {pages.items.map((schedule) => <Row key={schedule.id} schedule={schedule} />)}
        </Stack>
      )}
      {pages.error !== undefined && <Problem error={pages.error} onRetry={() => void pages.load()} />}
      {pages.hasMore && pages.error === undefined && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </Box>
  );
}

function Row({ schedule }: { schedule: ScheduleView }) {
  const { t } = useTranslation('schedules');
  const [next] = schedule.next_runs;
  return (
    <Card component="li" sx={{ px: 2, py: 1.5 }}>
      <Box sx={{ display: 'grid', gap: { xs: 0.5, md: 2 }, gridTemplateColumns: { xs: '1fr', md: 'minmax(0, 3fr) 2fr 2fr 110px' }, alignItems: 'center' }}>
        <Box sx={{ minWidth: 0 }}>
          <MuiLink component={Link} to={`/schedules/${schedule.id}`} color="textPrimary" variant="subtitle1" sx={{ overflowWrap: 'anywhere' }}>{schedule.name}</MuiLink>
          <Typography variant="caption" color="textSecondary" component="div">{inWords(schedule, (name, values) => t(name, values))}</Typography>
        </Box>
        <Typography variant="body2" component="div">
          {schedule.paused ? <Status status="paused" /> : next ? <>{t('next')} <When at={next} /></> : t('noNext')}
        </Typography>
        <LastRun scheduleId={schedule.id} />
        <PauseButton schedule={schedule} size="small" />
      </Box>
      {schedule.note && <Typography variant="caption" color="warning" component="p" sx={{ mt: 0.5, overflowWrap: 'anywhere' }}>{schedule.note}</Typography>}
    </Card>
  );
}

function LastRun({ scheduleId }: { scheduleId: string }) {
  const { t } = useTranslation(['schedules', 'common']);
  const { data } = useListScheduleRunsQuery({ scheduleId, limit: 1 });
  const last = data?.items[0];
  if (!last) return <Typography variant="caption" color="textSecondary">{data ? t('noRuns') : ''}</Typography>;
  return (
    <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
      <MuiLink component={Link} to={`/tasks/${last.id}`} color="inherit" aria-label={t('lastRun', { status: t(`common:status.${last.status}`) })}><Status status={last.status} /></MuiLink>
      <Typography variant="caption" color="textSecondary"><When at={last.created_at} /></Typography>
    </Stack>
  );
}

import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import MuiLink from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, type TaskView, useListScheduleRunsQuery } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Money } from '../../parts/Money';
import { MoreButton } from '../../parts/MoreButton';
import { Problem } from '../../parts/Problem';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';
import { Took } from '../../parts/Took';
import { usePages } from '../../parts/usePages';
import { At, When } from '../../parts/When';

const PAGE = 20;

/** The tasks that a schedule created, newest first, each with its result. */
export function Runs({ scheduleId }: { scheduleId: string }) {
  const { t } = useTranslation('schedules');
  const { data, error, refetch } = useListScheduleRunsQuery({ scheduleId, limit: PAGE });
  const [loadPage] = api.useLazyListScheduleRunsQuery();
  const load = useCallback((cursor: string) => loadPage({ scheduleId, limit: PAGE, cursor }).unwrap(), [loadPage, scheduleId]);
  const pages = usePages(scheduleId, data, load);
  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading rows={3} height={64} />;
  if (pages.items.length === 0) return <EmptyState level="h3" title={t('noRuns')} hint={t('noRunsHint')} />;
  return (
    <>
      <Stack component="ul" spacing={1} aria-label={t('runs')} sx={{ m: 0, p: 0, listStyle: 'none' }}>
        {pages.items.map((run) => <Run key={run.id} run={run} />)}
      </Stack>
      {pages.error !== undefined && <Problem error={pages.error} onRetry={() => void pages.load()} />}
      {pages.hasMore && pages.error === undefined && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </>
  );
}

const CLAMPED = { display: '-webkit-box', WebkitLineClamp: 3, WebkitBoxOrient: 'vertical', overflow: 'hidden' } as const;

function Run({ run }: { run: TaskView }) {
  const { t } = useTranslation('schedules');
  const at = run.due_at ?? run.created_at;
  return (
    <Card component="li" sx={{ px: 2, py: 1.5 }}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <MuiLink component={Link} to={`/tasks/${run.id}`} color="textPrimary" variant="subtitle2"><At at={at} /></MuiLink>
        <Status status={run.status} />
        {run.simulated && <Simulated />}
        <Typography variant="caption" color="textSecondary" component="span"><When at={at} /></Typography>
        {run.started_at && <Typography variant="caption" color="textSecondary" component="span">{t('took')} <Took from={run.started_at} to={run.ended_at} /></Typography>}
        <Typography variant="caption" color="textSecondary" component="span"><Money micro={run.spent_micro_usd} /></Typography>
      </Stack>
      {(run.error ?? run.result) && (
        <Box sx={{ mt: 0.5 }}>
          <Typography variant="body2" color={run.error ? 'error' : 'textSecondary'} sx={{ ...CLAMPED, overflowWrap: 'anywhere' }}>{run.error ?? run.result}</Typography>
        </Box>
      )}
    </Card>
  );
}

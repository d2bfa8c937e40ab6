import ZoomInIcon from '@mui/icons-material/ZoomIn';
import ZoomOutIcon from '@mui/icons-material/ZoomOut';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useGetTaskTimelineQuery, type Span, type TaskView } from '../../../api';
import { Choose } from '../../../parts/Choose';
import { EmptyState } from '../../../parts/EmptyState';
import { Loading } from '../../../parts/Loading';
import { Problem } from '../../../parts/Problem';
import { useFilters } from '../../../parts/useFilters';
import { NodeFilter, pathOf } from '../NodeFilter';
import { pollingOf, useKeptUp } from '../useKeptUp';
import { useNodeName, useNodes } from '../useNodes';
import { Chart, Legend } from './Chart';
import { Figures } from './Figures';
import { type Only, rangeOf, rowsOf } from './rows';
import { SpanTable } from './SpanTable';

const ZOOMS = [1, 2, 5, 10, 20, 50] as const;
const NO_SPANS: readonly Span[] = [];

/** Every call of the task over time. */
export default function TimelineView({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  const { get, set } = useFilters();
  const path = pathOf(get('node'));
  const arg = { taskId: task.id, ...(path === undefined ? {} : { path }) };
  const { data, error, refetch, fulfilledTimeStamp } = useGetTaskTimelineQuery(arg, pollingOf(task));
  useKeptUp(task, refetch, data !== undefined);
  const nodes = useNodes(task.id);
  const nameOf = useNodeName(nodes);
  const [zoom, setZoom] = useState(0);
  const [selected, select] = useState<string>();
  const only = (['model_call', 'tool_call', 'trouble'] as const).find((each) => each === get('only')) ?? '';
  const spans = data?.spans ?? NO_SPANS;
  const rows = useMemo(() => rowsOf(spans, only), [spans, only]);
  // Open bars grow with each answer, not with each second: a timeline is a record, not a stopwatch.
  const now = fulfilledTimeStamp ?? 0;
  const range = useMemo(() => rangeOf(spans, now), [spans, now]);
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading rows={8} height={24} />;
  if (spans.length === 0 && path === undefined) return <EmptyState title={t('timeline.empty')} hint={t('timeline.emptyHint')} />;
  const table = get('as') === 'table';
  const factor = ZOOMS[zoom] ?? 1;
  return (
    <Stack spacing={1.5}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <Choose label={t('timeline.only')} width={180} value={only} onChange={(value) => set({ only: value })} options={(['', 'model_call', 'tool_call', 'trouble'] satisfies Only[]).map((each) => [each, t(`timeline.${each || 'all'}`)])} />
        {nodes.length > 0 && <NodeFilter nodes={nodes} value={get('node')} onChange={(node) => set({ node })} />}
        <Button size="small" onClick={() => set({ as: table ? '' : 'table' })}>{t(table ? 'timeline.asChart' : 'timeline.asTable')}</Button>
        {!table && (
          <Stack direction="row" sx={{ alignItems: 'center' }}>
            <Tooltip title={t('timeline.zoomOut')}><span><IconButton size="small" aria-label={t('timeline.zoomOut')} disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}><ZoomOutIcon fontSize="small" /></IconButton></span></Tooltip>
            <Typography variant="caption" sx={{ minWidth: 28, textAlign: 'center' }}>{t('timeline.zoom', { factor })}</Typography>
            <Tooltip title={t('timeline.zoomIn')}><span><IconButton size="small" aria-label={t('timeline.zoomIn')} disabled={zoom === ZOOMS.length - 1} onClick={() => setZoom(zoom + 1)}><ZoomInIcon fontSize="small" /></IconButton></span></Tooltip>
          </Stack>
        )}
        <Typography variant="caption" color="textSecondary">{t('timeline.rows', { count: rows.length })}</Typography>
      </Stack>
      {!data.complete && <Alert severity="info" variant="outlined">{t('timeline.incomplete')}</Alert>}
      {rows.length === 0 && <EmptyState title={t('timeline.noMatch')} hint={t('timeline.noMatchHint')} action={<Button variant="outlined" onClick={() => set({ only: '', node: '' })}>{t('timeline.clear')}</Button>} />}
      {rows.length > 0 && table && <SpanTable rows={rows} nameOf={nameOf} />}
      {rows.length > 0 && !table && (
        <>
          <Legend />
          <Card>
            <Chart rows={rows} range={range} now={now} zoom={factor} selected={selected} nameOf={nameOf} onSelect={({ id }) => select(id)} />
            <Box sx={{ borderTop: 1, borderColor: 'divider' }}>
              <Figures span={rows.find(({ id }) => id === selected)?.span} taskId={task.id} nameOf={nameOf} />
            </Box>
          </Card>
          <Typography variant="caption" color="textSecondary">{t('timeline.help')}</Typography>
        </>
      )}
    </Stack>
  );
}

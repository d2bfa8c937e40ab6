import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { api, type EventFrame, type TaskView } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { Choose } from '../../../parts/Choose';
import { Json } from '../../../parts/CodeBlock';
import { EmptyState } from '../../../parts/EmptyState';
import { Fold } from '../../../parts/Fold';
import { Loading } from '../../../parts/Loading';
import { MoreButton } from '../../../parts/MoreButton';
import { Problem } from '../../../parts/Problem';
import { useFilters } from '../../../parts/useFilters';
import { At } from '../../../parts/When';
import { NodeFilter, pathOf } from '../NodeFilter';
import { useNodeName, useNodes } from '../useNodes';
import { useRecord } from '../useRecord';

const PAGE = 100;

/** The task's stored events as they are, a page at a time. */
export default function EventsView({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const { get, set } = useFilters();
  const nodes = useNodes(task.id);
  const nameOf = useNodeName(nodes);
  const after = Math.max(0, Number.parseInt(get('after'), 10) || 0);
  const record = useRecord<EventFrame>(`${task.id} ${after}`, task.last_seq, async (cursor) => {
    const page = await dispatch(api.endpoints.listTaskEvents.initiate({ taskId: task.id, after: cursor ? Number(cursor) : after, limit: PAGE }, { subscribe: false, forceRefetch: true })).unwrap();
    return { items: page.items, next: page.next_after === null ? null : String(page.next_after) };
  });
  const items = record.items;
  const type = get('type');
  const path = pathOf(get('node'));
  const types = [...new Set([...(items ?? []).map(({ event }) => event.type), ...(type ? [type] : [])])].sort();
  const shown = (items ?? []).filter(({ event }) => (type === '' || event.type === type) && (path === undefined || (event.path ?? '') === path));
  return (
    <Stack spacing={2}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <Choose label={t('events.type')} width={220} value={type} onChange={(value) => set({ type: value })} options={[['', t('events.any')], ...types.map((each) => [each, each] as const)]} />
        {nodes.length > 0 && <NodeFilter nodes={nodes} value={get('node')} onChange={(node) => set({ node })} />}
        {after > 0 && <Button size="small" onClick={() => set({ after: '' })}>{t('events.oldest')}</Button>}
        {record.hasMore && <Button size="small" onClick={() => set({ after: String(Math.max(0, task.last_seq - PAGE)) })}>{t('events.newest')}</Button>}
        {items && items.length > 0 && (
          <Typography variant="caption" color="textSecondary">{t('events.count', { from: items[0]?.seq, to: items.at(-1)?.seq, last: Math.max(task.last_seq, items.at(-1)?.seq ?? 0) })}</Typography>
        )}
      </Stack>
      {record.error !== undefined && <Problem error={record.error} onRetry={record.retry} />}
      {items === undefined && record.error === undefined && <Loading rows={6} />}
      {items?.length === 0 && <EmptyState title={t('events.empty')} hint={t('events.emptyHint')} />}
      {items && items.length > 0 && shown.length === 0 && <Typography color="textSecondary">{t('events.none')}</Typography>}
      {shown.length > 0 && (
        <Stack component="ul" aria-label={t('events.list')} sx={{ listStyle: 'none', m: 0, p: 0, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
          {shown.map((frame) => (
            <Box component="li" key={frame.seq} sx={{ px: 1, py: 0.5, '&:not(:last-of-type)': { borderBottom: 1, borderColor: 'divider' }, contentVisibility: 'auto', containIntrinsicSize: 'auto 36px' }}>
              <Fold head={<EventHead frame={frame} where={nameOf(frame.event.path ?? '')} />}>
                <Json value={frame.event} label={t('events.fields', { seq: frame.seq })} />
              </Fold>
            </Box>
          ))}
        </Stack>
      )}
      {record.hasMore && <MoreButton busy={record.busy} onMore={record.more} />}
    </Stack>
  );
}

/** The most telling fields of an event; which ones there are depends on its type. */
const TELLING = ['message', 'preview', 'tool', 'title', 'model', 'to_model', 'code', 'name', 'agent'] as const;

function EventHead({ frame, where }: { frame: EventFrame; where: string }) {
  const fields: Partial<Record<string, unknown>> = frame.event;
  const brief = TELLING.map((name) => fields[name]).find((value): value is string => typeof value === 'string' && value !== '');
  return (
    <Box component="span" sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 1.5, alignItems: 'baseline', minWidth: 0 }}>
      <Typography component="span" variant="caption" color="textSecondary" sx={{ fontVariantNumeric: 'tabular-nums', minWidth: 36 }}>{frame.seq}</Typography>
      <Typography component="span" variant="caption" color="textSecondary" sx={{ fontVariantNumeric: 'tabular-nums' }}><At at={frame.at} seconds /></Typography>
      <Typography component="span" variant="caption" sx={{ fontWeight: 600 }}>{frame.event.type}</Typography>
      <Typography component="span" variant="caption" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>{where}</Typography>
      {brief && <Typography component="span" variant="caption" sx={{ overflowWrap: 'anywhere', display: '-webkit-box', WebkitLineClamp: 1, WebkitBoxOrient: 'vertical', overflow: 'hidden' }}>{brief}</Typography>}
    </Box>
  );
}

import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type MessageView, type TaskView } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { EmptyState } from '../../../parts/EmptyState';
import { Loading } from '../../../parts/Loading';
import { MoreButton } from '../../../parts/MoreButton';
import { Problem } from '../../../parts/Problem';
import { useFilters } from '../../../parts/useFilters';
import { NodeFilter, pathOf } from '../NodeFilter';
import { useNodeName, useNodes } from '../useNodes';
import { useRecord } from '../useRecord';
import { Message } from './Message';
import { callKey, resultsOf } from './calls';

const PAGE = 50;

/** The whole conversation, node by node. */
export default function TranscriptView({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const { get, set } = useFilters();
  const nodes = useNodes(task.id);
  const nameOf = useNodeName(nodes);
  const path = pathOf(get('node'));
  const record = useRecord<MessageView>(`${task.id} ${path ?? '*'}`, task.last_seq, async (cursor) => {
    const args = { taskId: task.id, limit: PAGE, ...(path === undefined ? {} : { path }), ...(cursor ? { cursor } : {}) };
    const page = await dispatch(api.endpoints.listTaskMessages.initiate(args, { subscribe: false, forceRefetch: true })).unwrap();
    return { items: page.items, next: page.next_cursor };
  });
  const items = record.items;
  const results = useMemo(() => resultsOf(items ?? []), [items]);
  // Results of tools stand with their calls; only those without a call stand alone.
  const shown = useMemo(() => {
    const called = new Set((items ?? []).flatMap((message) => (message.tool_calls ?? []).map((call) => callKey(message.path, message.step, call.id))));
    return (items ?? []).filter((message) => message.role !== 'tool' || !called.has(callKey(message.path, message.step, message.tool_call_id ?? '')));
  }, [items]);
  return (
    <Stack spacing={2} sx={{ maxWidth: 900 }}>
      {nodes.length > 0 && <NodeFilter nodes={nodes} value={get('node')} onChange={(node) => set({ node })} />}
      {record.error !== undefined && <Problem error={record.error} onRetry={record.retry} />}
      {items === undefined && record.error === undefined && <Loading rows={4} height={80} />}
      {items?.length === 0 && <EmptyState title={t('transcript.empty')} hint={t('transcript.emptyHint')} />}
      {shown.map((message, place) => {
        const begins = shown[place - 1]?.path !== message.path;
        return (
          <Box key={`${message.path} ${message.purpose} ${message.seq}`}>
            {begins && <Typography variant="h2" sx={{ mt: place > 0 ? 2 : 0, mb: 1, overflowWrap: 'anywhere' }}>{nameOf(message.path)}</Typography>}
            <Message message={message} results={results} />
          </Box>
        );
      })}
      {record.hasMore && <MoreButton busy={record.busy} onMore={record.more} />}
    </Stack>
  );
}

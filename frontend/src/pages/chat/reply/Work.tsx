import ExpandIcon from '@mui/icons-material/ExpandMore';
import ToolIcon from '@mui/icons-material/BuildOutlined';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Collapse from '@mui/material/Collapse';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type MessageView, useListReplyMessagesQuery } from '../../../api';
import { Markdown } from '../../../parts/Markdown';
import { MoreButton } from '../../../parts/MoreButton';
import { Problem } from '../../../parts/Problem';
import { useSeen } from '../useSeen';
import { ToolCall } from './ToolCall';
import { type Turn, turnsOf } from './turns';

const PAGE = 100;
const NONE: readonly MessageView[] = [];

/** What an agent did before its answer, folded. Loaded when it comes into view. */
export function Work({ replyId }: { replyId: string }) {
  const { t } = useTranslation('chat');
  const [seen, ref] = useSeen();
  const { data, error, refetch } = useListReplyMessagesQuery({ replyId, limit: PAGE }, { skip: !seen });
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const turns = turnsOf(data?.items ?? NONE);
  const calls = turns.flatMap((turn) => turn.calls);
  const failed = calls.filter(({ state }) => state === 'failed').length;
  return (
    <Box ref={ref}>
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} compact />}
      {calls.length > 0 && (
        <>
          <Button
            size="small"
            color="secondary"
            startIcon={<ToolIcon />}
            endIcon={<ExpandIcon sx={{ transform: isOpen ? 'rotate(180deg)' : 'none' }} />}
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={() => setOpen(!isOpen)}
            sx={{ ml: -0.5, mb: 0.5 }}
          >
            {t(data?.next_cursor ? 'work.manyCalls' : 'work.calls', { count: calls.length })}
            {failed > 0 && ` · ${t('work.failed', { count: failed })}`}
          </Button>
          <Collapse in={isOpen} id={id} unmountOnExit>
            <Stack spacing={1} sx={{ pb: 2, pl: 1.5, borderLeft: 2, borderColor: 'divider', ml: 0.5 }}>
              <Turns turns={turns} />
              {data?.next_cursor && <More replyId={replyId} cursor={data.next_cursor} />}
            </Stack>
          </Collapse>
        </>
      )}
    </Box>
  );
}

function Turns({ turns }: { turns: readonly Turn[] }) {
  return turns.map((turn) => (turn.calls.length > 0 ? <Folded key={turn.step} turn={turn} /> : null));
}

/** The next page of a long transcript, once it's asked for. */
function More({ replyId, cursor }: { replyId: string; cursor: string }) {
  const [isWanted, setWanted] = useState(false);
  const { data, isFetching } = useListReplyMessagesQuery({ replyId, limit: PAGE, cursor }, { skip: !isWanted });
  if (data === undefined) return <MoreButton busy={isFetching} onMore={() => setWanted(true)} />;
  return (
    <>
      <Turns turns={turnsOf(data.items)} />
      {data.next_cursor && <More replyId={replyId} cursor={data.next_cursor} />}
    </>
  );
}

function Folded({ turn }: { turn: Turn }) {
  const { t } = useTranslation('chat');
  return (
    <>
      {turn.thought && (
        <Typography variant="body2" color="textSecondary" component="div" aria-label={t('work.reasoning')} sx={{ fontStyle: 'italic', whiteSpace: 'pre-wrap' }}>
          {turn.thought}
        </Typography>
      )}
      {turn.text && <Markdown text={turn.text} />}
      {turn.calls.map((call) => (
        <ToolCall key={call.id} call={call} />
      ))}
    </>
  );
}

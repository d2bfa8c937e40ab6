import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { type UIEvent, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useListTaskMessagesQuery } from '../../../api';
import type { RunFeed } from '../../../live/run';
import type { Stream } from '../../../live/text';
import { useText } from '../../../live/useText';
import { Markdown } from '../../../parts/Markdown';

const AT_END_PX = 24;
const PAGE = 100;

/** What a node's model writes: as it comes while it writes, and as it is stored as soon as it has finished. */
export function NodeText({ feed, path }: { feed: RunFeed; path: string }) {
  const { t } = useTranslation('graph');
  const stream = useText(feed.text, feed.id, path);
  if (stream === undefined) return <Typography color="textSecondary" variant="body2">{t('noText')}</Typography>;
  return (
    <>
      {stream.takenBack.map(({ attempt, code }) => (
        <Alert key={attempt} severity="warning" variant="outlined" sx={{ mb: 1 }}>
          {t('takenBack', { attempt, next: attempt + 1, reason: t(code === 'lost' ? 'reasons.lost' : 'reasons.other', { code }) })}
        </Alert>
      ))}
      {stream.state === 'finished' ? <Stored key={`${stream.purpose}${stream.step}`} feed={feed} path={path} stream={stream} /> : <Growing stream={stream} />}
    </>
  );
}

/** The stored answer. Until it has been loaded, the text that was streamed, which is the same unless a piece was missed. */
function Stored({ feed, path, stream }: { feed: RunFeed; path: string; stream: Stream }) {
  const { t } = useTranslation('graph');
  const { data } = useListTaskMessagesQuery({ taskId: feed.id, path, limit: PAGE }, { refetchOnMountOrArgChange: true });
  const message = data?.items.findLast(({ role, step, purpose }) => role === 'assistant' && step === stream.step && purpose === stream.purpose);
  const text = message?.content ?? stream.text;
  if (text === '') return <Typography color="textSecondary" variant="body2">{t('noText')}</Typography>;
  return <Markdown text={text} />;
}

function Growing({ stream }: { stream: Stream }) {
  const { t } = useTranslation('graph');
  const box = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useLayoutEffect(() => {
    if (isAtEnd) toEnd();
  }, [stream.text, isAtEnd]);
  const onScroll = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: UIEvent<HTMLDivElement>) =>
    setAtEnd(scrollHeight - scrollTop - clientHeight < AT_END_PX);
  return (
    <Box sx={{ position: 'relative' }}>
      <Box
        ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={t('text')} aria-live="off"
        sx={{ maxHeight: 320, overflowY: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 14 }}
      >
        {stream.text || <Typography component="span" color="textSecondary" variant="body2">{t('writing')}</Typography>}
      </Box>
      {!isAtEnd && (
        <Button size="small" variant="contained" onClick={() => { setAtEnd(true); toEnd(); }} sx={{ position: 'absolute', right: 8, bottom: 8 }}>
          {t('toEnd')}
        </Button>
      )}
      {stream.hasGap && <Typography variant="caption" color="textSecondary">{t('gap')}</Typography>}
    </Box>
  );
}

import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MessageView, ToolCallView } from '../../../api';
import { contentOf, objectUrl } from '../../../api/download';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { CodeBlock } from '../../../parts/CodeBlock';
import { Fold } from '../../../parts/Fold';
import { Status } from '../../../parts/Status';
import { readable } from './calls';

/** A tool call, folded: its exact arguments, and its result. */
export function ToolCall({ call, result }: { call: ToolCallView; result: MessageView | undefined }) {
  const { t } = useTranslation('task');
  return (
    <Fold
      head={(
        <Stack component="span" direction="row" spacing={1} sx={{ alignItems: 'center', minWidth: 0 }}>
          <Typography component="span" variant="caption" sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{t('transcript.calls', { tool: call.name })}</Typography>
          {result && <Status status={result.failed ? 'failed' : 'finished'} />}
        </Stack>
      )}
    >
      <Box sx={{ pl: 3 }}>
        <Typography variant="caption" color="textSecondary">{t('transcript.arguments')}</Typography>
        <CodeBlock text={readable(call.arguments)} label={t('transcript.arguments')} />
        <Typography variant="caption" color="textSecondary">{t('transcript.result')}</Typography>
        {result ? <ToolResult result={result} /> : <Typography variant="body2">{t('transcript.noResult')}</Typography>}
      </Box>
    </Fold>
  );
}

/** What a tool answered. It's text of a stranger, so it's never formatted. */
export function ToolResult({ result }: { result: MessageView }) {
  const { t } = useTranslation('task');
  return (
    <>
      <CodeBlock text={result.content || t('transcript.emptyText')} label={t('transcript.toolResult', { tool: result.tool ?? '' })} />
      {(result.images ?? []).map((id, place) => <ResultImage key={id} id={id} number={place + 1} />)}
    </>
  );
}

function ResultImage({ id, number }: { id: string; number: number }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [url, setUrl] = useState<string>();
  useEffect(() => () => {
    if (url) URL.revokeObjectURL(url);
  }, [url]);
  if (url) return <Box component="img" src={url} alt={t('transcript.image', { number })} sx={{ maxWidth: '100%', maxHeight: 360, display: 'block', my: 1 }} />;
  const show = () => objectUrl(contentOf(id)).then(setUrl, (error: Error) => showToast(dispatch, error.message, 'error'));
  return <Button size="small" onClick={() => void show()}>{t('transcript.openImage', { number })}</Button>;
}

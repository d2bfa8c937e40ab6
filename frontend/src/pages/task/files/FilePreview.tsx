import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FileView } from '../../../api';
import { contentOf, objectUrl, textOf } from '../../../api/download';
import { CodeBlock } from '../../../parts/CodeBlock';
import { Loading } from '../../../parts/Loading';
import { Markdown } from '../../../parts/Markdown';

const MAX_BYTES = 1_000_000;
/** SVG is left out: it may contain scripts and references, and looks like an image. */
const IMAGE = /^image\/(png|jpeg|gif|webp)$/;
const TEXT = /^text\/|[/+](json|xml|yaml|csv|javascript|x-ndjson)$/;

/** A text or an image, shown in the page. Nothing of the file is run, and nothing else is loaded. */
export function FilePreview({ file }: { file: FileView }) {
  const { t } = useTranslation('task');
  const kind = IMAGE.test(file.media_type) ? 'image' : TEXT.test(file.media_type) ? 'text' : undefined;
  if (kind === undefined) return <Typography variant="body2" color="textSecondary">{t('files.none')}</Typography>;
  if (kind === 'text' && file.size_bytes > MAX_BYTES) return <Typography variant="body2" color="textSecondary">{t('files.tooLarge')}</Typography>;
  return <Loaded file={file} kind={kind} />;
}

function Loaded({ file, kind }: { file: FileView; kind: 'image' | 'text' }) {
  const { t } = useTranslation('task');
  const [content, setContent] = useState<string>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    let current = true;
    let url: string | undefined;
    const load = async () => {
      const found = kind === 'image' ? (url = await objectUrl(contentOf(file.id))) : await textOf(contentOf(file.id));
      if (current) setContent(found);
      else if (url) URL.revokeObjectURL(url);
    };
    load().catch((failure: Error) => setError(failure.message));
    return () => {
      current = false;
      if (url) URL.revokeObjectURL(url);
    };
  }, [file.id, kind]);
  const label = t('files.shown', { name: file.name });
  if (error !== undefined) return <Alert severity="error" variant="outlined">{error}</Alert>;
  if (content === undefined) return <Loading rows={1} height={120} />;
  if (kind === 'image') return <Box component="img" src={content} alt={label} sx={{ maxWidth: '100%', maxHeight: 480, mt: 1, borderRadius: 1 }} />;
  return file.media_type === 'text/markdown' || file.name.endsWith('.md') ? <Box sx={{ mt: 1, maxHeight: 480, overflow: 'auto' }} role="region" aria-label={label} tabIndex={0}><Markdown text={content} /></Box> : <CodeBlock text={content} label={label} />;
}

import Box from '@mui/material/Box';
import { lazy, Suspense } from 'react';

const Rendered = lazy(() => import('./MarkdownRendered'));

/** A model's or a user's Markdown. Until the renderer has been loaded, the text is shown as it is. */
export function Markdown({ text }: { text: string }) {
  return (
    <Suspense fallback={<Box sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{text}</Box>}>
      <Rendered text={text} />
    </Suspense>
  );
}

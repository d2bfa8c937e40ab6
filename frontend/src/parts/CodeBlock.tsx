import Box from '@mui/material/Box';
import { MONO } from '../app/theme';
import { CopyButton } from './CopyButton';

type Props = { text: string; label: string; maxHeight?: number };

/** Text in a fixed-width font that scrolls in its own box and can be copied. */
export function CodeBlock({ text, label, maxHeight = 400 }: Props) {
  return (
    <Box sx={{ position: 'relative', my: 1 }}>
      <Box
        component="pre"
        role="region"
        aria-label={label}
        tabIndex={0}
        sx={{ m: 0, p: 1.5, pr: 5, maxHeight, overflow: 'auto', bgcolor: 'surface.sunken', border: 1, borderColor: 'divider', borderRadius: 1, fontFamily: MONO, fontSize: '0.8125rem', lineHeight: 1.5, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
      >
        {text}
      </Box>
      <Box sx={{ position: 'absolute', top: 4, right: 4 }}>
        <CopyButton text={text} />
      </Box>
    </Box>
  );
}

/** JSON, indented. */
export function Json({ value, label, maxHeight }: { value: unknown; label: string; maxHeight?: number }) {
  return <CodeBlock text={JSON.stringify(value, null, 2)} label={label} {...(maxHeight ? { maxHeight } : {})} />;
}

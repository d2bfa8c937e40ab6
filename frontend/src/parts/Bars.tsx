import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

export type Bar = { name: string; value: number; text: ReactNode; remark?: ReactNode; tone?: 'primary' | 'error' };

/** Horizontal bars with their figures beside them: readable without the bars, too. */
export function Bars({ bars }: { bars: Bar[] }) {
  const largest = Math.max(...bars.map(({ value }) => value), 0);
  return (
    <Stack component="ul" spacing={1.25} sx={{ listStyle: 'none', m: 0, p: 0, mt: 2 }}>
      {bars.map(({ name, value, text, remark, tone = 'primary' }) => (
        <li key={name}>
          <Stack direction="row" spacing={1} sx={{ justifyContent: 'space-between' }}>
            <Typography variant="body2" sx={{ overflowWrap: 'anywhere', fontWeight: 500 }}>{name}</Typography>
            <Typography variant="body2" component="div" sx={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>{text}</Typography>
          </Stack>
          <Box sx={{ height: 6, borderRadius: 3, bgcolor: 'surface.sunken', mt: 0.5 }}>
            <Box sx={{ height: 6, borderRadius: 3, bgcolor: `${tone}.main`, width: `${largest > 0 ? Math.max(0.5, (value / largest) * 100) : 0}%` }} />
          </Box>
          {remark && <Typography variant="caption" color="textSecondary">{remark}</Typography>}
        </li>
      ))}
    </Stack>
  );
}

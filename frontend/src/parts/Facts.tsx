import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

/** Facts about a thing, each with its name before it. */
export function Facts({ children }: { children: ReactNode }) {
  return <Stack component="dl" spacing={1} sx={{ m: 0 }}>{children}</Stack>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Stack direction={{ xs: 'column', sm: 'row' }} spacing={{ xs: 0, sm: 2 }}>
      <Typography component="dt" variant="body2" color="textSecondary" sx={{ width: 180, flexShrink: 0 }}>{name}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, minWidth: 0, overflowWrap: 'anywhere' }}>{children}</Typography>
    </Stack>
  );
}

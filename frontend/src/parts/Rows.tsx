import Stack from '@mui/material/Stack';
import type { ReactNode } from 'react';

/** A list of rows with an action at the end of each. */
export function Rows({ children }: { children: ReactNode }) {
  return (
    <Stack component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
      {children}
    </Stack>
  );
}

export function Row({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <Stack
      component="li"
      direction="row"
      spacing={2}
      useFlexGap
      sx={{ justifyContent: 'space-between', alignItems: 'center', flexWrap: 'wrap', py: 1.5, '&:not(:last-of-type)': { borderBottom: 1, borderColor: 'divider' } }}
    >
      <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>{children}</div>
      {action}
    </Stack>
  );
}

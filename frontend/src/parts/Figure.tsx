import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

/** A figure with its name above and a remark below. */
export function Figure({ name, children, remark }: { name: string; children: ReactNode; remark?: ReactNode }) {
  return (
    <Stack sx={{ minWidth: 120 }}>
      <Typography variant="caption" color="textSecondary">
        {name}
      </Typography>
      <Typography component="div" sx={{ fontSize: '1.25rem', fontWeight: 650, fontVariantNumeric: 'tabular-nums' }}>
        {children}
      </Typography>
      {remark && (
        <Typography variant="caption" color="textSecondary">
          {remark}
        </Typography>
      )}
    </Stack>
  );
}

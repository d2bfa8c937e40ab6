import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

/** How much of a limit is used, from 0 to 1, or undefined without a limit. */
export function Meter({ name, used, children, remark }: { name: string; used: number | undefined; children: ReactNode; remark?: ReactNode }) {
  const share = used === undefined ? 0 : Math.min(100, Math.round(used * 100));
  return (
    <Box sx={{ py: 1 }}>
      <Stack direction="row" spacing={2} sx={{ justifyContent: 'space-between' }}>
        <Typography variant="body2">{name}</Typography>
        <Typography variant="body2" sx={{ fontVariantNumeric: 'tabular-nums', textAlign: 'right' }}>{children}</Typography>
      </Stack>
      {used !== undefined && <LinearProgress variant="determinate" value={share} aria-label={name} color={share >= 100 ? 'error' : share >= 80 ? 'warning' : 'primary'} sx={{ height: 6, borderRadius: 1, mt: 0.5, bgcolor: 'divider' }} />}
      {remark && <Typography variant="caption" color="textSecondary" component="div" sx={{ mt: 0.5 }}>{remark}</Typography>}
    </Box>
  );
}

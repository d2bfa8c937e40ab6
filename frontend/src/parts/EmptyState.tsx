import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

type Props = { title: string; hint?: ReactNode; action?: ReactNode; icon?: ReactNode; level?: 'h1' | 'h2' | 'h3' };

/** Says why there is nothing to see and what to do next. */
export function EmptyState({ title, hint, action, icon, level = 'h2' }: Props) {
  return (
    <Stack spacing={1} sx={{ alignItems: 'center', textAlign: 'center', py: 6, px: 2 }}>
      {icon}
      <Typography variant="h2" component={level}>
        {title}
      </Typography>
      {hint && (
        <Typography color="textSecondary" sx={{ maxWidth: 520 }}>
          {hint}
        </Typography>
      )}
      {action && <Stack direction="row" spacing={1} sx={{ pt: 1, flexWrap: 'wrap', justifyContent: 'center' }}>{action}</Stack>}
    </Stack>
  );
}

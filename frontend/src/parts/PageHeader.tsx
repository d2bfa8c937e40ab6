import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTitle } from '../app/hooks';

type Props = { title: string; about?: ReactNode; actions?: ReactNode; above?: ReactNode; documentTitle?: string };

/** A page's heading, and the document's title. */
export function PageHeader({ title, about, actions, above, documentTitle }: Props) {
  useTitle(documentTitle ?? title);
  return (
    <Box component="header" sx={{ mb: 3 }}>
      {above}
      <Stack direction="row" spacing={2} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap', justifyContent: 'space-between' }}>
        <Typography variant="h1" sx={{ minWidth: 0, overflowWrap: 'anywhere' }}>
          {title}
        </Typography>
        {actions && <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>{actions}</Stack>}
      </Stack>
      {about && (
        <Typography color="textSecondary" variant="body2" component="div" sx={{ mt: 0.5 }}>
          {about}
        </Typography>
      )}
    </Box>
  );
}

import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type ReactNode, useId } from 'react';

type Props = { title: string; about?: ReactNode; actions?: ReactNode; children?: ReactNode };

/** A titled part of a page. */
export function Panel({ title, about, actions, children }: Props) {
  const id = useId();
  return (
    <Card component="section" aria-labelledby={id}>
      <CardContent>
        <Stack direction="row" spacing={2} useFlexGap sx={{ justifyContent: 'space-between', alignItems: 'center', flexWrap: 'wrap' }}>
          <Typography id={id} variant="h2">
            {title}
          </Typography>
          {actions}
        </Stack>
        {about && (
          <Typography variant="body2" color="textSecondary" component="div">
            {about}
          </Typography>
        )}
        {children && <Stack spacing={2} sx={{ mt: 2 }}>{children}</Stack>}
      </CardContent>
    </Card>
  );
}

import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type FormEvent, type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from './Problem';

type Props = { title: string; about?: ReactNode; submit: string; ready?: boolean; busy?: boolean; error?: unknown; children: ReactNode; onSubmit: () => void; onClose: () => void };

/** A form in a dialog. Enter sends it. */
export function FormDialog({ title, about, submit, ready = true, busy = false, error, children, onSubmit, onClose }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id}>{title}</DialogTitle>
      <form onSubmit={send} noValidate>
        <DialogContent>
          {about && <Typography variant="body2" color="textSecondary" sx={{ mb: 2 }}>{about}</Typography>}
          <Stack spacing={2} sx={{ pt: 0.5 }}>{children}</Stack>
          {error !== undefined && <Problem error={error} compact />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" variant="contained" disabled={!ready || busy}>{submit}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

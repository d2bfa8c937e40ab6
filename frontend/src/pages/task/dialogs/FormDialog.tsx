import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogContentText from '@mui/material/DialogContentText';
import DialogTitle from '@mui/material/DialogTitle';
import Stack from '@mui/material/Stack';
import { type FormEvent, type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../../parts/Problem';

type Props = { title: string; about?: string; confirm: string; busy: boolean; error?: unknown; children: ReactNode; onSubmit: () => void; onClose: () => void };

/** A dialog with fields; Enter sends it. */
export function FormDialog({ title, about, confirm, busy, error, children, onSubmit, onClose }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="sm">
      <form onSubmit={submit} noValidate>
        <DialogTitle id={id} sx={{ overflowWrap: 'anywhere' }}>{title}</DialogTitle>
        <DialogContent>
          {about && <DialogContentText variant="body2">{about}</DialogContentText>}
          <Stack spacing={2} sx={{ pt: 2 }}>{children}</Stack>
          {error !== undefined && <Problem error={error} compact />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" variant="contained" disabled={busy}>{confirm}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type ReactNode, type SyntheticEvent, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../../parts/Problem';

type Props = {
  title: string;
  hint?: string;
  confirm?: string;
  busy?: boolean;
  error?: unknown;
  children: ReactNode;
  onSubmit?: (event: SyntheticEvent) => Promise<void>;
  onClose: () => void;
};

/** A form in a dialog. Without `confirm`, it can only be closed. */
export function FormDialog({ title, hint, confirm, busy = false, error, children, onSubmit, onClose }: Props) {
  const { t } = useTranslation('chat');
  const id = useId();
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="sm">
      <form onSubmit={(event) => void (onSubmit ? onSubmit(event) : event.preventDefault())}>
        <DialogTitle id={id}>{title}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            {hint && <Typography variant="body2" color="textSecondary">{hint}</Typography>}
            {children}
            {error !== undefined && <Problem error={error} compact />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t(confirm ? 'common:cancel' : 'common:close')}</Button>
          {confirm && <Button type="submit" variant="contained" disabled={busy}>{confirm}</Button>}
        </DialogActions>
      </form>
    </Dialog>
  );
}

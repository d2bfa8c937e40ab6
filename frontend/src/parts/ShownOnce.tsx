import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { CodeBlock } from './CodeBlock';

type Props = { title: string; hint: ReactNode; label: string; secret: string; onClose: () => void };

/** Shows a secret that can't be shown again. It closes only by its button, so that no stray click loses the secret. */
export function ShownOnce({ title, hint, label, secret, onClose }: Props) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <Dialog open aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id}>{title}</DialogTitle>
      <DialogContent>
        <Alert severity="warning" variant="outlined">{hint}</Alert>
        <CodeBlock text={secret} label={label} />
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>{t('close')}</Button>
      </DialogActions>
    </Dialog>
  );
}

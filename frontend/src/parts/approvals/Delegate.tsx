import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '../../api/problems';
import { ConfirmDialog } from '../ConfirmDialog';
import type { Decision } from './useDecision';

/** Let another user decide instead of this one, or besides. */
export function Delegate({ decision }: { decision: Decision }) {
  const { t } = useTranslation('approvals');
  const [open, setOpen] = useState(false);
  const [to, setTo] = useState('');
  const [keep, setKeep] = useState(false);
  const wrong = fieldErrors(decision.error).to;
  const send = async () => {
    if (to.trim() && (await decision.delegate(to.trim(), keep))) setOpen(false);
  };
  return (
    <>
      <Button disabled={decision.busy} onClick={() => setOpen(true)}>{t('delegate')}</Button>
      <ConfirmDialog
        open={open} title={t('delegateTitle')} text={t('delegateAbout')} confirm={t('delegate')} danger={false} busy={decision.busy || !to.trim()}
        error={wrong ? undefined : decision.error} onConfirm={() => void send()} onClose={() => setOpen(false)}
      >
        <TextField label={t('delegateTo')} type="email" value={to} onChange={(event) => setTo(event.target.value)} error={Boolean(wrong)} helperText={wrong} autoFocus sx={{ mt: 2 }} />
        <FormControlLabel control={<Checkbox checked={keep} onChange={(event) => setKeep(event.target.checked)} />} label={t('keep')} />
      </ConfirmDialog>
    </>
  );
}

import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PlannedSubtask } from '../../../api';
import { MONO } from '../../../app/theme';
import { parsePlan } from './plan';

type Props = { plan: readonly PlannedSubtask[]; onChange: (plan: PlannedSubtask[]) => void; onClose: () => void };

/** Shows the plan as JSON, to copy it or to paste another one. */
export default function PlanJson({ plan, onChange, onClose }: Props) {
  const { t } = useTranslation(['new-task', 'common']);
  const id = useId();
  const [text, setText] = useState(plan.length > 0 ? JSON.stringify(plan, null, 2) : '');
  const [error, setError] = useState<string>();
  const apply = () => {
    try {
      onChange(parsePlan(text, (name, values) => t(name, values)));
    } catch (caught) {
      setError((caught as Error).message);
    }
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="md">
      <DialogTitle id={id}>{t('jsonTitle')}</DialogTitle>
      <DialogContent>
        <TextField autoFocus multiline minRows={12} maxRows={24} sx={{ mt: 1 }} label={t('json')} value={text} error={error !== undefined}
          helperText={error ?? t('jsonHelp')} onChange={(event) => { setText(event.target.value); setError(undefined); }}
          slotProps={{ htmlInput: { spellCheck: false }, input: { sx: { fontFamily: MONO, fontSize: '0.8125rem' } } }} />
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{t('common:cancel')}</Button>
        <Button variant="contained" onClick={apply}>{t('useJson')}</Button>
      </DialogActions>
    </Dialog>
  );
}

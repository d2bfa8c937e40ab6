import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog } from '../ConfirmDialog';
import { Problem } from '../Problem';
import type { Decision } from './useDecision';

const CHOICES = ['happened', 'not_happened', 'again'] as const;

/** Say whether a call took effect whose result was lost. */
export function Lost({ decision }: { decision: Decision }) {
  const { t } = useTranslation('approvals');
  const [chosen, choose] = useState<(typeof CHOICES)[number]>('happened');
  const [open, setOpen] = useState(false);
  const [result, setResult] = useState('');
  const send = async () => {
    if (await decision.decide(chosen === 'happened' ? { decision: chosen, result } : { decision: chosen })) setOpen(false);
  };
  return (
    <>
      {decision.error !== undefined && !open && <Problem error={decision.error} compact />}
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
        {CHOICES.map((choice, place) => (
          <Button
            key={choice} variant={place === 0 ? 'contained' : 'outlined'} color={choice === 'again' ? 'error' : 'primary'} disabled={decision.busy}
            onClick={() => {
              choose(choice);
              setOpen(true);
            }}
          >
            {t(choice)}
          </Button>
        ))}
      </Stack>
      <ConfirmDialog open={open} title={t(chosen)} text={t(`${chosen}Hint`)} confirm={t(chosen)} danger={chosen === 'again'} busy={decision.busy} error={decision.error} onConfirm={() => void send()} onClose={() => setOpen(false)}>
        {chosen === 'happened' ? <TextField label={t('result')} value={result} onChange={(event) => setResult(event.target.value)} multiline minRows={2} autoFocus sx={{ mt: 2 }} /> : null}
      </ConfirmDialog>
    </>
  );
}

import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApprovalView } from '../../api';
import { ConfirmDialog } from '../ConfirmDialog';
import { Problem } from '../Problem';
import { ArgumentsEditor } from './ArgumentsEditor';
import { Delegate } from './Delegate';
import type { Decision } from './useDecision';

/** Approve a call, also with changed arguments; reject it; or let someone else decide. */
export function ToolCall({ approval, decision }: { approval: ApprovalView; decision: Decision }) {
  const { t } = useTranslation('approvals');
  const [open, setOpen] = useState<'change' | 'reject' | null>(null);
  const [reason, setReason] = useState('');
  const single = (approval.terms.quorum ?? 1) === 1;
  const close = () => setOpen(null);
  if (open === 'change') return <ArgumentsEditor approval={approval} decision={decision} onClose={close} />;
  const reject = async () => {
    if (await decision.decide({ decision: 'reject', reason })) close();
  };
  return (
    <>
      {decision.error !== undefined && open === null && <Problem error={decision.error} compact />}
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <Button variant="contained" data-key="approve" disabled={decision.busy} onClick={() => void decision.decide({ decision: 'approve' })}>{t('approve')}</Button>
        <Button variant="outlined" color="error" data-key="reject" disabled={decision.busy} onClick={() => setOpen('reject')}>{t('reject')}</Button>
        {single && <Button disabled={decision.busy} onClick={() => setOpen('change')}>{t('change')}</Button>}
        <Delegate decision={decision} />
      </Stack>
      {!single && <Typography variant="caption" color="textSecondary">{t('noChange')}</Typography>}
      <ConfirmDialog open={open === 'reject'} title={t('rejectTitle', { tool: approval.tool })} text={t('rejectAbout')} confirm={t('reject')} busy={decision.busy} error={decision.error} onConfirm={() => void reject()} onClose={close}>
        <TextField label={t('rejectReason')} value={reason} onChange={(event) => setReason(event.target.value)} multiline minRows={2} autoFocus sx={{ mt: 2 }} />
      </ConfirmDialog>
    </>
  );
}

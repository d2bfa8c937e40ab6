import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Approve, ApprovalView } from '../../api';
import { fieldErrors } from '../../api/problems';
import { MONO } from '../../app/theme';
import { Problem } from '../Problem';
import { visibleJson } from './visible';
import type { Decision } from './useDecision';

type Arguments = NonNullable<Approve['arguments']>;

function parsed(text: string): Arguments | string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Arguments) : null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Change a call's arguments before it runs. */
export function ArgumentsEditor({ approval, decision, onClose }: { approval: ApprovalView; decision: Decision; onClose: () => void }) {
  const { t } = useTranslation(['approvals', 'common']);
  const [text, setText] = useState(() => visibleJson(approval.arguments));
  const value = parsed(text);
  const same = typeof value === 'object' && JSON.stringify(value) === JSON.stringify(approval.arguments);
  const wrong = value === null ? t('notObject') : typeof value === 'string' ? t('notJson', { message: value }) : same ? t('unchanged') : undefined;
  const rejected = Object.entries(fieldErrors(decision.error));
  const send = () => {
    if (typeof value === 'object' && value !== null) void decision.decide({ decision: 'approve', arguments: value });
  };
  return (
    <Stack spacing={1.5}>
      <TextField
        label={t('editor')} value={text} onChange={(event) => setText(event.target.value)} multiline minRows={4} maxRows={20} autoFocus
        error={wrong !== undefined && !same} helperText={wrong} slotProps={{ htmlInput: { spellCheck: false, sx: { fontFamily: MONO, fontSize: '0.8125rem' } } }}
      />
      {decision.error !== undefined && <Problem error={decision.error} compact />}
      {rejected.map(([field, message]) => <Typography key={field} variant="body2" color="error">{field}: {message}</Typography>)}
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <Button variant="contained" disabled={decision.busy || wrong !== undefined} onClick={send}>{t('approveChanged')}</Button>
        <Button onClick={onClose}>{t('common:cancel')}</Button>
      </Stack>
    </Stack>
  );
}

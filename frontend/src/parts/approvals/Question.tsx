import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApprovalView } from '../../api';
import { fieldErrors } from '../../api/problems';
import { Problem } from '../Problem';
import { Delegate } from './Delegate';
import type { Decision } from './useDecision';
import { visible } from './visible';

const MAX_CHARS = 20_000;

/** Answer a question with a suggestion or in one's own words. */
export function Question({ approval, decision }: { approval: ApprovalView; decision: Decision }) {
  const { t } = useTranslation('approvals');
  const [text, setText] = useState('');
  const [tried, setTried] = useState(false);
  const count = [...text].length;
  const wrong = count > MAX_CHARS ? t('longAnswer', { limit: MAX_CHARS, count }) : tried && !text.trim() ? t('emptyAnswer') : fieldErrors(decision.error).answer;
  const send = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (text.trim() && count <= MAX_CHARS) void decision.answer(text);
  };
  const without = approval.default ? t('default', { text: visible(approval.default) }) : approval.expires_at ? t('noDefault') : t('noLimit');
  return (
    <Stack component="form" spacing={1.5} onSubmit={send} noValidate>
      {(approval.options ?? []).length > 0 && (
        <Stack direction="row" spacing={1} useFlexGap role="group" aria-label={t('suggestions')} sx={{ flexWrap: 'wrap' }}>
          {(approval.options ?? []).map((option, place) => (
            <Button key={place} variant="outlined" disabled={decision.busy} onClick={() => void decision.answer(option)} sx={{ overflowWrap: 'anywhere' }}>{visible(option)}</Button>
          ))}
        </Stack>
      )}
      <TextField label={t('answer')} value={text} onChange={(event) => setText(event.target.value)} multiline minRows={2} maxRows={12} error={Boolean(wrong)} helperText={wrong} slotProps={{ htmlInput: { 'data-key': 'approve' } }} />
      <Typography variant="caption" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>{without}</Typography>
      {decision.error !== undefined && <Problem error={decision.error} compact />}
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <Button type="submit" variant="contained" disabled={decision.busy}>{t('send')}</Button>
        <Delegate decision={decision} />
      </Stack>
    </Stack>
  );
}

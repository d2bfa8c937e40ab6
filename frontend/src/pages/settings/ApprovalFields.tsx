import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PolicyRule } from '../../api';
import { Choose } from '../../parts/Choose';

type Terms = NonNullable<PolicyRule['approval']>;

const HOUR_S = 3600;
const WEEK_S = 168 * HOUR_S;

const addresses = (text: string): string[] => text.split(/[\s,;]+/).filter((each) => each !== '');
const hours = (seconds: number | null | undefined): string => (seconds === null || seconds === undefined ? '' : String(seconds / HOUR_S));
const seconds = (text: string): number | null => (Number(text) > 0 ? Math.round(Number(text) * HOUR_S) : null);

/** Who decides about a call, and by when. Times are in hours here and in seconds in the API. */
export function ApprovalFields({ terms, onChange }: { terms: Terms; onChange: (terms: Terms) => void }) {
  const { t } = useTranslation('settings');
  const [approvers, setApprovers] = useState((terms.approvers ?? []).join(', '));
  const [later, setLater] = useState((terms.escalate_to ?? []).join(', '));
  return (
    <>
      <TextField
        label={t('approvers')} value={approvers} helperText={t('approversHint')}
        onChange={(event) => { setApprovers(event.target.value); onChange({ ...terms, approvers: addresses(event.target.value) }); }}
      />
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <TextField label={t('quorum')} type="number" value={terms.quorum ?? 1} onChange={(event) => onChange({ ...terms, quorum: Math.max(1, Math.round(Number(event.target.value))) })} sx={{ width: 170 }} slotProps={{ htmlInput: { min: 1 } }} />
        <TextField label={t('expiresHours')} type="number" value={hours(terms.expires_after_s === undefined ? WEEK_S : terms.expires_after_s)} onChange={(event) => onChange({ ...terms, expires_after_s: seconds(event.target.value) })} sx={{ width: 170 }} slotProps={{ htmlInput: { min: 0, step: 'any' } }} helperText={t('expiresHint')} />
        <Choose label={t('onExpiry')} width={260} value={terms.on_expiry ?? 'reject'} onChange={(value) => onChange({ ...terms, on_expiry: value === 'fail' ? 'fail' : 'reject' })} options={[['reject', t('onExpiryReject')], ['fail', t('onExpiryFail')]]} />
      </Stack>
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <TextField label={t('escalateHours')} type="number" value={hours(terms.escalate_after_s)} onChange={(event) => onChange({ ...terms, escalate_after_s: seconds(event.target.value) })} sx={{ width: 170 }} slotProps={{ htmlInput: { min: 0, step: 'any' } }} />
        <TextField label={t('escalateTo')} value={later} onChange={(event) => { setLater(event.target.value); onChange({ ...terms, escalate_to: addresses(event.target.value) }); }} sx={{ flexGrow: 1, minWidth: 240 }} />
      </Stack>
    </>
  );
}

import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useEraseMeMutation } from '../../api';
import { download } from '../../api/download';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Panel } from '../../parts/Panel';

/** Taking one's data along, and erasing it. */
export function DataView() {
  const { t } = useTranslation('profile');
  const dispatch = useAppDispatch();
  const [erase, { error, isLoading }] = useEraseMeMutation();
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState(false);
  const [password, setPassword] = useState('');
  const [account, setAccount] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      await download('/api/v1/auth/me/export', 'chimera-data.ndjson');
    } catch (failure) {
      showToast(dispatch, failure instanceof Error ? failure.message : String(failure), 'error');
    } finally {
      setBusy(false);
    }
  };
  const close = () => {
    setAsked(false);
    setPassword('');
  };
  const confirm = async () => {
    const result = await erase({ eraseRequest: { current_password: password, delete_account: account } });
    if (result.error) return;
    close();
    showToast(dispatch, t('eraseStarted'), 'info');
  };
  return (
    <Stack spacing={3} sx={{ maxWidth: 640 }}>
      <Panel title={t('exportTitle')} about={t('exportText')}>
        <div>
          <Button variant="outlined" disabled={busy} onClick={() => void save()}>{t('exportButton')}</Button>
        </div>
      </Panel>
      <Panel title={t('eraseTitle')} about={t('eraseText')}>
        <div>
          <Button variant="outlined" color="error" onClick={() => setAsked(true)}>{t('eraseButton')}</Button>
        </div>
      </Panel>
      <ConfirmDialog open={asked} title={t('eraseAsk')} text={t('eraseAskText')} confirm={t('eraseConfirm')} busy={isLoading || password === ''} error={error} onConfirm={() => void confirm()} onClose={close}>
        <Stack spacing={1} sx={{ mt: 2 }}>
          <TextField label={t('erasePassword')} type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" />
          <FormControlLabel control={<Checkbox checked={account} onChange={(_, on) => setAccount(on)} />} label={t('eraseAccount')} />
        </Stack>
      </ConfirmDialog>
    </Stack>
  );
}

import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useChangeAgentMutation } from '../../api';
import { fieldErrors, statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Problem } from '../../parts/Problem';
import { AgentFields } from './AgentFields';
import { draftOf, faultsOf, specOf } from './draft';
import { mayEdit } from './kinds';
import { Settings } from './Settings';
import type { ViewProps } from './view';

/** Changes an agent, which makes a new version, unless someone else has changed it meanwhile. */
export function EditView({ agent, address, edited, onEdit, onReload }: ViewProps) {
  const { t } = useTranslation('agents');
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const [change, { error, isLoading, reset }] = useChangeAgentMutation();
  const [tried, setTried] = useState(false);
  if (!mayEdit(agent)) return <Settings agent={agent} />;
  const draft = edited?.draft ?? draftOf(agent);
  const faults = faultsOf(draft);
  const discard = async () => {
    reset();
    setTried(false);
    await onReload();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    const { data } = await change({ agent: address, agentSpec: specOf(draft), ...(edited?.etag !== undefined && { 'If-Match': edited.etag }) });
    if (!data) return;
    showToast(dispatch, t('saved', { name: data.name, version: data.version }));
    // Its old name no longer leads to it.
    if (address !== data.id && data.name !== agent.name) void navigate(`/agents/${data.id ?? data.name}/edit`, { replace: true });
    else await discard();
  };
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <AgentFields draft={draft} faults={tried ? faults : {}} refused={fieldErrors(error)} onChange={onEdit} />
      {tried && Object.keys(faults).length > 0 && <Alert severity="error" variant="outlined" sx={{ mt: 2 }}>{t('check')}</Alert>}
      {statusOf(error) === 412
        ? <Alert severity="warning" variant="outlined" sx={{ mt: 2 }} action={<Button size="small" color="inherit" onClick={() => void discard()}>{t('loadAgain')}</Button>}>{t('conflict')}</Alert>
        : error !== undefined && <Problem error={error} compact />}
      <Stack direction="row" spacing={2} sx={{ mt: 3, alignItems: 'center' }}>
        <Button type="submit" variant="contained" disabled={isLoading || edited === undefined}>{t('save')}</Button>
        {edited !== undefined && <Typography variant="body2" color="textSecondary" role="status">{t('unsaved')}</Typography>}
      </Stack>
    </form>
  );
}

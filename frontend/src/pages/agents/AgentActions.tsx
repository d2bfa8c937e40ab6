import Button from '@mui/material/Button';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { type AgentView, useActivateAgentMutation, useDeactivateAgentMutation, useDeleteAgentMutation } from '../../api';
import { etagOf } from '../../api/etags';
import { problemOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { kindOf } from './kinds';

const ShareDialog = lazy(() => import('../../parts/ShareDialog').then((parts) => ({ default: parts.ShareDialog })));

/** What can be done with an agent as a whole. */
export function AgentActions({ agent, address }: { agent: AgentView; address: string }) {
  const { t } = useTranslation(['agents', 'common']);
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const [activate, activation] = useActivateAgentMutation();
  const [deactivate, deactivation] = useDeactivateAgentMutation();
  const [remove, removal] = useDeleteAgentMutation();
  const [asked, ask] = useState<'deactivate' | 'delete' | 'share' | null>(null);
  const { name } = agent;
  const own = kindOf(agent) === 'own';
  const start = async () => {
    const { error } = await activate({ agent: address });
    if (error) showToast(dispatch, problemOf(error)?.detail ?? t('common:unknown'), 'error');
    else showToast(dispatch, t('activated', { name }));
  };
  const stop = async () => {
    if ((await deactivate({ agent: address })).error) return;
    ask(null);
    showToast(dispatch, t('deactivated', { name }), 'success', () => void start());
  };
  const erase = async () => {
    const etag = etagOf(`/api/v1/agents/${encodeURIComponent(address)}`);
    if ((await remove({ agent: address, ...(etag !== undefined && { 'If-Match': etag }) })).error) return;
    showToast(dispatch, t('deleted', { name }));
    void navigate('/agents');
  };
  return (
    <>
      {own && agent.active === false && <Button variant="outlined" disabled={activation.isLoading} onClick={() => void start()}>{t('activate')}</Button>}
      {own && agent.active !== false && <Button variant="outlined" onClick={() => ask('deactivate')}>{t('deactivate')}</Button>}
      {own && <Button variant="outlined" onClick={() => ask('share')}>{t('share')}</Button>}
      <Button variant={own ? 'outlined' : 'contained'} component={Link} to={`/agents/new?copy=${encodeURIComponent(address)}`}>{t('copy')}</Button>
      {own && <Button variant="outlined" color="error" onClick={() => ask('delete')}>{t('remove')}</Button>}
      <ConfirmDialog open={asked === 'deactivate'} danger={false} title={t('deactivateTitle', { name })} text={t('deactivateText')} confirm={t('deactivate')} busy={deactivation.isLoading} error={deactivation.error} onConfirm={() => void stop()} onClose={() => ask(null)} />
      <ConfirmDialog open={asked === 'delete'} title={t('deleteTitle', { name })} text={t('deleteText')} confirm={t('remove')} busy={removal.isLoading} error={removal.error} onConfirm={() => void erase()} onClose={() => ask(null)} />
      {asked === 'share' && agent.id && <Suspense><ShareDialog kind="agent" id={agent.id} name={name} onClose={() => ask(null)} /></Suspense>}
    </>
  );
}

import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type InvitationView, useDeleteInvitationMutation, useListInvitationsQuery } from '../../api';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';
import { NewInvitation } from './NewInvitation';

export function Invitations() {
  const { t } = useTranslation('users');
  const { data, error, refetch, isLoading } = useListInvitationsQuery({ limit: 100 });
  const [remove, removal] = useDeleteInvitationMutation();
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<InvitationView | null>(null);
  const create = <Button variant="contained" onClick={() => setCreating(true)}>{t('newInvitation')}</Button>;
  const confirm = async () => {
    if (asked === null) return;
    const result = await remove({ invitationId: asked.id });
    if (!result.error) setAsked(null);
  };
  const name = (each: InvitationView) => each.email ?? t('anyone');
  return (
    <Stack sx={{ maxWidth: 860 }}>
      <Panel title={t('invitations')} about={t('invitationsAbout')} actions={data && data.items.length > 0 && create}>
        {isLoading && <Loading rows={3} />}
        {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
        {data?.items.length === 0 && <EmptyState level="h3" title={t('noInvitations')} hint={t('noInvitationsHint')} action={create} />}
        <Rows>
          {data?.items.map((each) => (
            <Row key={each.id} action={<Button size="small" color="error" aria-label={`${t('deleteInvitation')}: ${name(each)}`} onClick={() => setAsked(each)}>{t('deleteInvitation')}</Button>}>
              <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
                <Typography variant="body2" sx={{ fontWeight: 600 }}>{name(each)}</Typography>
                <Chip size="small" variant="outlined" label={t(`roles.${each.role}`)} />
              </Stack>
              <Typography variant="caption" color="textSecondary" component="div">
                {each.used_at ? <>{t('used')} <When at={each.used_at} /></> : <>{t('expires')} <When at={each.expires_at} /></>}
              </Typography>
            </Row>
          ))}
        </Rows>
      </Panel>
      {creating && <NewInvitation onClose={() => setCreating(false)} />}
      <ConfirmDialog open={asked !== null} title={t('deleteInvitationTitle', { name: asked ? name(asked) : '' })} text={t('deleteInvitationText')} confirm={t('deleteInvitation')} busy={removal.isLoading} error={removal.error} onConfirm={() => void confirm()} onClose={() => setAsked(null)} />
    </Stack>
  );
}

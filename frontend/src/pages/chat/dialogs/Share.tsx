import RemoveIcon from '@mui/icons-material/Close';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { type ChatSessionView, useListChatSessionSharesQuery, useListGroupsQuery, useShareChatSessionMutation, useUnshareChatSessionMutation } from '../../../api';
import { Loading } from '../../../parts/Loading';
import { FormDialog } from './FormDialog';

/** The groups that can read a chat. */
export default function Share({ session, onClose }: { session: ChatSessionView; onClose: () => void }) {
  const { t } = useTranslation('chat');
  const sessionId = session.id;
  const shares = useListChatSessionSharesQuery({ sessionId });
  const groups = useListGroupsQuery({ limit: 100 });
  const [share, sharing] = useShareChatSessionMutation();
  const [unshare, ending] = useUnshareChatSessionMutation();
  const [chosen, setChosen] = useState('');
  const shared = shares.data?.items ?? [];
  const free = (groups.data?.items ?? []).filter(({ id, role }) => role !== null && !shared.some(({ group_id }) => group_id === id));
  const add = async () => {
    const result = await share({ sessionId, groupId: chosen, shareSpec: { right: 'view' } });
    if (!result.error) setChosen('');
  };
  return (
    <FormDialog title={t('dialogs.share')} hint={t('dialogs.shareHint')} error={shares.error ?? groups.error ?? sharing.error ?? ending.error} onClose={onClose}>
      {(shares.isLoading || groups.isLoading) && <Loading rows={2} />}
      {shares.data && shared.length === 0 && <Typography variant="body2">{t('dialogs.notShared')}</Typography>}
      {shared.map(({ group_id, group }) => (
        <Stack key={group_id} direction="row" sx={{ alignItems: 'center', justifyContent: 'space-between' }}>
          <Typography>{group}</Typography>
          <IconButton size="small" aria-label={t('dialogs.unshare', { group })} disabled={ending.isLoading} onClick={() => void unshare({ sessionId, groupId: group_id })}>
            <RemoveIcon fontSize="small" />
          </IconButton>
        </Stack>
      ))}
      {free.length > 0 && (
        <Stack direction="row" spacing={1}>
          <TextField select label={t('dialogs.group')} value={chosen} onChange={(event) => setChosen(event.target.value)}>
            {free.map(({ id, name }) => (
              <MenuItem key={id} value={id}>{name}</MenuItem>
            ))}
          </TextField>
          <Button variant="contained" disabled={chosen === '' || sharing.isLoading} onClick={() => void add()}>{t('dialogs.addShare')}</Button>
        </Stack>
      )}
      {groups.data && groups.data.items.length === 0 && (
        <Typography variant="body2">
          {t('dialogs.noGroups')} <Link to="/groups">{t('dialogs.toGroups')}</Link>
        </Typography>
      )}
    </FormDialog>
  );
}

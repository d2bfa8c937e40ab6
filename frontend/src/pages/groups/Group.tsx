import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as To, useNavigate } from 'react-router';
import { useDeleteGroupMutation, useGetGroupQuery, useRenameGroupMutation } from '../../api';
import { statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { useIsAdmin } from '../../app/session/useMe';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Members } from './Members';
import { Shares } from './Shares';

/** One group: its members, and what is shared with it. */
export function Group({ id }: { id: string }) {
  const { t } = useTranslation('groups');
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const isAdmin = useIsAdmin();
  const { data: group, error, refetch } = useGetGroupQuery({ groupId: id });
  const [rename, renaming] = useRenameGroupMutation();
  const [remove, removal] = useDeleteGroupMutation();
  const [asked, setAsked] = useState<'rename' | 'delete' | null>(null);
  const [name, setName] = useState('');
  const back = <Link component={To} to="/groups">{t('allGroups')}</Link>;
  if (statusOf(error) === 404) return <EmptyState level="h1" title={t('gone')} action={back} />;
  if (group === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  const manages = group.role === 'manager' || isAdmin;
  const confirmRename = async () => {
    const result = await rename({ groupId: id, groupSpec: { name } });
    if (result.error) return;
    setAsked(null);
    showToast(dispatch, t('renamed'));
  };
  const confirmDelete = async () => {
    const result = await remove({ groupId: id });
    if (result.error) return;
    showToast(dispatch, t('deleted'));
    await navigate('/groups');
  };
  return (
    <>
      <PageHeader
        title={group.name}
        above={back}
        about={group.role ? t(`roles.${group.role}`) : t('notMember')}
        actions={
          manages && (
            <>
              <Button variant="outlined" onClick={() => { setName(group.name); setAsked('rename'); }}>{t('rename')}</Button>
              <Button variant="outlined" color="error" onClick={() => setAsked('delete')}>{t('delete')}</Button>
            </>
          )
        }
      />
      <Stack spacing={3} sx={{ maxWidth: 860 }}>
        <Members group={group} manages={manages} />
        <Shares groupId={id} />
      </Stack>
      <ConfirmDialog open={asked === 'rename'} danger={false} title={t('rename')} confirm={t('rename')} busy={renaming.isLoading || name.trim() === ''} error={renaming.error} onConfirm={() => void confirmRename()} onClose={() => setAsked(null)}>
        <TextField label={t('name')} value={name} onChange={(event) => setName(event.target.value)} autoFocus sx={{ mt: 1 }} />
      </ConfirmDialog>
      <ConfirmDialog open={asked === 'delete'} title={t('deleteTitle', { name: group.name })} text={t('deleteText')} confirm={t('delete')} busy={removal.isLoading} error={removal.error} onConfirm={() => void confirmDelete()} onClose={() => setAsked(null)} />
    </>
  );
}

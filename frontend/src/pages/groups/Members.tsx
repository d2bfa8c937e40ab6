import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type GroupView, type MemberView, useListMembersQuery, usePutMemberMutation, useRemoveMemberMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { useMe } from '../../app/session/useMe';
import { showToast } from '../../app/shell/toasts';
import { Choose } from '../../parts/Choose';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';

type Role = MemberView['role'];

export function Members({ group, manages }: { group: GroupView; manages: boolean }) {
  const { t } = useTranslation('groups');
  const dispatch = useAppDispatch();
  const me = useMe();
  const { data, error, refetch, isLoading } = useListMembersQuery({ groupId: group.id, limit: 100 });
  const [put, putting] = usePutMemberMutation();
  const [remove, removal] = useRemoveMemberMutation();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [asked, setAsked] = useState<MemberView | null>(null);
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const result = await put({ groupId: group.id, memberSpec: { email, role } });
    if (result.error) return;
    setEmail('');
    showToast(dispatch, t('added'));
  };
  const confirm = async () => {
    if (asked === null) return;
    const result = await remove({ groupId: group.id, memberId: asked.id });
    if (result.error) return;
    setAsked(null);
    showToast(dispatch, t('removed'));
  };
  const roles = [['member', t('member')], ['manager', t('manager')]] as const;
  return (
    <Panel title={t('members')}>
      {isLoading && <Loading rows={2} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      <Rows>
        {data?.items.map((member) => (
          <Row
            key={member.id}
            action={
              (manages || member.email === me.email) && (
                <Button size="small" aria-label={`${t(member.email === me.email ? 'leave' : 'remove')}: ${member.email}`} onClick={() => setAsked(member)}>
                  {t(member.email === me.email ? 'leave' : 'remove')}
                </Button>
              )
            }
          >
            <Typography variant="body2" sx={{ fontWeight: 600 }}>{member.email}</Typography>
            <Typography variant="caption" color="textSecondary">{t(`roles.${member.role}`)} {t('since')} <When at={member.created_at} /></Typography>
          </Row>
        ))}
      </Rows>
      {manages && (
        <form onSubmit={(event) => void add(event)}>
          <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap' }}>
            <TextField label={t('email')} type="text" value={email} onChange={(event) => setEmail(event.target.value)} helperText={t('addHint')} sx={{ width: 320, maxWidth: '100%' }} required />
            <Choose label={t('role')} width={140} value={role} onChange={(value) => setRole(value === 'manager' ? 'manager' : 'member')} options={roles} />
            <div>
              <Button type="submit" variant="outlined" disabled={putting.isLoading || email.trim() === ''} sx={{ minHeight: 40 }}>{t('add')}</Button>
            </div>
          </Stack>
          {putting.error !== undefined && <Problem error={putting.error} compact />}
        </form>
      )}
      <ConfirmDialog open={asked !== null} title={t('removeTitle', { email: asked?.email, group: group.name })} text={t('removeText')} confirm={t('remove')} busy={removal.isLoading} error={removal.error} onConfirm={() => void confirm()} onClose={() => setAsked(null)} />
    </Panel>
  );
}

import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as To, useNavigate } from 'react-router';
import { useCreateGroupMutation, useListGroupsQuery } from '../../api';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';

export function GroupList() {
  const { t } = useTranslation('groups');
  const navigate = useNavigate();
  const { data, error, refetch, isLoading } = useListGroupsQuery({ limit: 100 });
  const [create, creation] = useCreateGroupMutation();
  const [asked, setAsked] = useState(false);
  const [name, setName] = useState('');
  const action = <Button variant="contained" onClick={() => setAsked(true)}>{t('new')}</Button>;
  const confirm = async () => {
    const result = await create({ groupSpec: { name } });
    if (result.data) await navigate(`/groups/${result.data.id}`);
  };
  return (
    <Stack sx={{ maxWidth: 860 }}>
      {isLoading && <Loading />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <EmptyState title={t('none')} hint={t('noneHint')} action={action} />}
      {data && data.items.length > 0 && (
        <Panel title={t('title')} actions={action}>
          <Rows>
            {data.items.map((group) => (
              <Row key={group.id}>
                <Link component={To} to={`/groups/${group.id}`} sx={{ fontWeight: 600 }}>{group.name}</Link>
                <Typography variant="caption" color="textSecondary" component="div">{group.role ? t(`roles.${group.role}`) : t('notMember')}</Typography>
              </Row>
            ))}
          </Rows>
        </Panel>
      )}
      <ConfirmDialog open={asked} danger={false} title={t('new')} confirm={t('create')} busy={creation.isLoading || name.trim() === ''} error={creation.error} onConfirm={() => void confirm()} onClose={() => setAsked(false)}>
        <TextField label={t('name')} value={name} onChange={(event) => setName(event.target.value)} autoFocus sx={{ mt: 1 }} />
      </ConfirmDialog>
    </Stack>
  );
}

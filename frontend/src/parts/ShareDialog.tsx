import RemoveIcon from '@mui/icons-material/Close';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogContentText from '@mui/material/DialogContentText';
import DialogTitle from '@mui/material/DialogTitle';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useListGroupsQuery, type GroupView, type Right, type ShareKind, type ShareView } from '../api';
import { useAppDispatch } from '../app/hooks';
import { showToast } from '../app/shell/toasts';
import { addWords } from '../app/words';
import texts from '../words/share';
import { Choose } from './Choose';
import { Loading } from './Loading';
import { Problem } from './Problem';
import { RIGHTS, useShare, useShares, useUnshare } from './share/useShares';

addWords('share', texts);

type Props = { kind: ShareKind; id: string; name: string; onClose: () => void };

/** Share a task, a schedule, a file, a chat session or an agent with groups. Show it only while it's open. */
export function ShareDialog({ kind, id, name, onClose }: Props) {
  const { t } = useTranslation(['share', 'common']);
  const titleId = useId();
  const shares = useShares(kind, id);
  const groups = useListGroupsQuery({ limit: 100 });
  const own = (groups.data?.items ?? []).filter(({ role }) => role !== null);
  const loaded = shares.data && groups.data;
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId} fullWidth maxWidth="sm">
      <DialogTitle id={titleId} sx={{ overflowWrap: 'anywhere' }}>{t('title', { name })}</DialogTitle>
      <DialogContent>
        <DialogContentText variant="body2">{t('about')}</DialogContentText>
        {(shares.error ?? groups.error) !== undefined && <Problem error={shares.error ?? groups.error} />}
        {!loaded && !shares.error && !groups.error && <Loading rows={2} />}
        {loaded && <NewShare kind={kind} id={id} groups={own} shares={shares.data?.items ?? []} />}
        {shares.data && <Shares kind={kind} id={id} shares={shares.data.items} />}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{t('common:close')}</Button>
      </DialogActions>
    </Dialog>
  );
}

function NewShare({ kind, id, groups, shares }: { kind: ShareKind; id: string; groups: GroupView[]; shares: ShareView[] }) {
  const { t } = useTranslation('share');
  const share = useShare(kind, id);
  const rest = groups.filter((group) => !shares.some(({ group_id }) => group_id === group.id));
  const [chosen, choose] = useState('');
  const [right, setRight] = useState<Right>('view');
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  if (groups.length === 0) {
    return (
      <Alert severity="info" variant="outlined" sx={{ mt: 2 }} action={<Button component={Link} to="/groups" size="small">{t('createGroup')}</Button>}>
        {t('noGroups')}
      </Alert>
    );
  }
  const group = rest.find((each) => each.id === chosen) ?? rest[0];
  if (group === undefined) return <Typography variant="body2" sx={{ mt: 2 }}>{t('all')}</Typography>;
  const send = async () => {
    setState({ busy: true });
    try {
      await share(group.id, right);
      setState({ busy: false });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <Stack spacing={1} sx={{ mt: 2 }}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <Choose label={t('group')} width={220} value={group.id} onChange={choose} options={rest.map((each) => [each.id, each.name])} />
        <Choose label={t('right')} width={140} value={right} onChange={(value) => setRight(value as Right)} options={RIGHTS[kind].map((each) => [each, t(`rights.${each}`)])} />
        <Button variant="contained" disabled={state.busy} onClick={() => void send()}>{t('share')}</Button>
      </Stack>
      <Typography variant="caption" color="textSecondary">{t(`what.${kind}.${right}`)}</Typography>
      {state.error !== undefined && <Problem error={state.error} compact />}
    </Stack>
  );
}

function Shares({ kind, id, shares }: { kind: ShareKind; id: string; shares: ShareView[] }) {
  const { t } = useTranslation('share');
  const dispatch = useAppDispatch();
  const share = useShare(kind, id);
  const unshare = useUnshare(kind, id);
  const [error, setError] = useState<unknown>();
  const attempt = async (action: () => Promise<unknown>) => {
    setError(undefined);
    await action().catch(setError);
  };
  const remove = (each: ShareView) =>
    attempt(async () => {
      await unshare(each.group_id);
      showToast(dispatch, t('removed', { group: each.group }), 'success', () => void share(each.group_id, each.right));
    });
  return (
    <>
      <Typography variant="subtitle2" component="h3" sx={{ mt: 3 }}>{t('sharedWith')}</Typography>
      {shares.length === 0 && <Typography variant="body2" color="textSecondary">{t('notShared')}</Typography>}
      <Stack component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {shares.map((each) => (
          <Stack key={each.group_id} component="li" direction="row" spacing={1} sx={{ alignItems: 'center', py: 1, borderBottom: 1, borderColor: 'divider' }}>
            <Typography variant="body2" sx={{ flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere' }}>{each.group}</Typography>
            <Choose label={t('right')} width={130} value={each.right} onChange={(value) => void attempt(() => share(each.group_id, value as Right))} options={RIGHTS[kind].map((right) => [right, t(`rights.${right}`)])} />
            <Tooltip title={t('remove', { group: each.group })}>
              <IconButton aria-label={t('remove', { group: each.group })} onClick={() => void remove(each)}><RemoveIcon fontSize="small" /></IconButton>
            </Tooltip>
          </Stack>
        ))}
      </Stack>
      {error !== undefined && <Problem error={error} compact />}
    </>
  );
}

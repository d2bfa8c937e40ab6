import UnreadIcon from '@mui/icons-material/FiberManualRecord';
import ReadIcon from '@mui/icons-material/Done';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Link from '@mui/material/Link';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { api, type NotificationViewRead, useListNotificationsQuery, useReadNotificationMutation, useReadNotificationsMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Problem } from '../../parts/Problem';
import { usePages } from '../../parts/usePages';
import { When } from '../../parts/When';

const ASKED = { limit: 50 };

function addressOf(notification: NotificationViewRead): string | undefined {
  if (notification.approval_id) return `/inbox/${notification.approval_id}`;
  if (notification.schedule_id) return `/schedules/${notification.schedule_id}`;
  return notification.run_id ? `/tasks/${notification.run_id}` : undefined;
}

/** What happened that the user should know of. */
export function Notifications() {
  const { t } = useTranslation('inbox');
  const dispatch = useAppDispatch();
  const { data, error, refetch } = useListNotificationsQuery(ASKED);
  const [readAll, all] = useReadNotificationsMutation();
  const load = (cursor: string) => dispatch(api.endpoints.listNotifications.initiate({ ...ASKED, cursor })).unwrap();
  const pages = usePages('notifications', data, load);
  if (data === undefined) return error === undefined ? <Loading rows={4} height={56} /> : <Problem error={error} onRetry={() => void refetch()} />;
  const newest = pages.items[0];
  if (newest === undefined) return <EmptyState title={t('noNotifications')} hint={t('noNotificationsHint')} />;
  return (
    <Box sx={{ maxWidth: 900 }}>
      {data.unread > 0 && <Button disabled={all.isLoading} onClick={() => void readAll({ readMark: { up_to: newest.id } })} sx={{ mb: 1 }}>{t('readAll')}</Button>}
      {all.error !== undefined && <Problem error={all.error} compact />}
      <List aria-label={t('tabs.notifications')} disablePadding sx={{ border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
        {pages.items.map((each) => <Row key={each.id} notification={each} />)}
      </List>
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
    </Box>
  );
}

function Row({ notification }: { notification: NotificationViewRead }) {
  const { t } = useTranslation('inbox');
  const [read, { isLoading }] = useReadNotificationMutation();
  const unread = notification.read_at === null;
  const to = addressOf(notification);
  const mark = () => unread && void read({ notificationId: notification.id });
  return (
    <ListItem divider sx={{ gap: 1.5, alignItems: 'flex-start' }}>
      <UnreadIcon titleAccess={unread ? t('unread') : ''} aria-hidden={!unread} sx={{ fontSize: 10, mt: 0.75, color: unread ? 'primary.main' : 'transparent' }} />
      <Box sx={{ flexGrow: 1, minWidth: 0 }}>
        <Typography variant="body2" sx={{ overflowWrap: 'anywhere', fontWeight: unread ? 600 : 400 }}>
          {to ? <Link component={RouterLink} to={to} color="textPrimary" onClick={mark}>{notification.text}</Link> : notification.text}
        </Typography>
        <Typography variant="caption" color="textSecondary"><When at={notification.created_at} /></Typography>
      </Box>
      {unread && (
        <Tooltip title={t('read')}>
          <IconButton size="small" aria-label={t('read')} disabled={isLoading} onClick={mark}><ReadIcon fontSize="small" /></IconButton>
        </Tooltip>
      )}
    </ListItem>
  );
}

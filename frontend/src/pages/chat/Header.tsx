import MoreIcon from '@mui/icons-material/MoreHoriz';
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChatSessionView } from '../../api';
import { useTitle } from '../../app/hooks';
import { type Name, useSessionActions } from './sessions/useSessionActions';

const OWN: readonly Name[] = ['rename', 'settings', 'task', 'summary', 'share', 'exportMarkdown', 'exportJson', 'exportAll', 'archive', 'delete'];
const SHARED: readonly Name[] = ['exportMarkdown', 'exportJson', 'exportAll'];

type Props = { session: ChatSessionView; isOwn: boolean; menu: ReactNode };

/** The title of a chat, who replies in it, and what can be done with it. */
export function Header({ session, isOwn, menu }: Props) {
  const { t } = useTranslation('chat');
  const title = session.title || t('sessions.untitled');
  useTitle(title);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const { items, dialog } = useSessionActions(session, { isSelected: true, names: isOwn ? OWN : SHARED, onDone: () => setAnchor(null) });
  const about = [
    session.agent, session.model ?? (session.agent ? null : t('start.defaultModel')),
    session.archived ? t('actions.isArchived') : null, isOwn ? null : t('actions.sharedBy'),
  ].filter(Boolean);
  return (
    <Stack component="header" direction="row" spacing={1} sx={{ alignItems: 'center', px: { xs: 1, md: 2 }, py: 1, borderBottom: 1, borderColor: 'divider', bgcolor: 'background.paper' }}>
      {menu}
      <Box sx={{ flexGrow: 1, minWidth: 0 }}>
        <Typography variant="subtitle1" component="h1" noWrap title={title}>{title}</Typography>
        <Typography variant="caption" color="textSecondary" component="div" noWrap>{about.join(' · ')}</Typography>
      </Box>
      <Tooltip title={t('actions.menu')}>
        <IconButton aria-label={t('actions.menu')} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
          <MoreIcon />
        </IconButton>
      </Tooltip>
      <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>{items}</Menu>
      {dialog}
    </Stack>
  );
}

import MoreIcon from '@mui/icons-material/MoreHoriz';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChatSessionView } from '../../../api';
import { useSessionActions } from './useSessionActions';

/** What can be done with a chat in the list. */
export function SessionMenu({ session, isSelected }: { session: ChatSessionView; isSelected: boolean }) {
  const { t } = useTranslation('chat');
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const { items, dialog } = useSessionActions(session, { isSelected, names: ['rename', 'archive', 'delete'], onDone: () => setAnchor(null) });
  return (
    <>
      <IconButton size="small" edge="end" aria-label={t('sessions.menu', { title: session.title || t('sessions.untitled') })} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
        <MoreIcon fontSize="small" />
      </IconButton>
      <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
        {items}
      </Menu>
      {dialog}
    </>
  );
}

import ListIcon from '@mui/icons-material/ViewSidebarOutlined';
import Box from '@mui/material/Box';
import Drawer from '@mui/material/Drawer';
import IconButton from '@mui/material/IconButton';
import Tooltip from '@mui/material/Tooltip';
import useMediaQuery from '@mui/material/useMediaQuery';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { addWords } from '../../app/words';
import texts from '../../words/chat';
import { NewChat } from './NewChat';
import { OpenChat } from './OpenChat';
import { Sessions } from './sessions/Sessions';

addWords('chat', texts);

const WIDTH = 288;
/** The height of the bar above the page. */
const BAR = 53;

/** Conversations with agents and models: the list of them, and the one that is open. */
export default function Chat() {
  const { t } = useTranslation('chat');
  const { id } = useParams();
  const isWide = useMediaQuery('(min-width: 1100px)');
  const [isOpen, setOpen] = useState(false);
  const menu = isWide ? null : (
    <Tooltip title={t('sessions.open')}>
      <IconButton aria-label={t('sessions.open')} onClick={() => setOpen(true)}>
        <ListIcon />
      </IconButton>
    </Tooltip>
  );
  return (
    <Box sx={{ display: 'flex', height: `calc(100dvh - ${BAR}px)`, m: { xs: -2, md: -3 }, overflow: 'hidden' }}>
      {isWide ? (
        <Box sx={{ width: WIDTH, flexShrink: 0, borderRight: 1, borderColor: 'divider', bgcolor: 'background.paper', display: 'flex' }}>
          <Sessions selected={id ?? null} />
        </Box>
      ) : (
        <Drawer open={isOpen} onClose={() => setOpen(false)} slotProps={{ paper: { sx: { width: WIDTH, maxWidth: '85vw' }, 'aria-label': t('sessions.label') } }}>
          <Sessions selected={id ?? null} onChoose={() => setOpen(false)} />
        </Drawer>
      )}
      <Box sx={{ flexGrow: 1, minWidth: 0, display: 'flex', flexDirection: 'column', position: 'relative' }}>
        {id === undefined ? <NewChat menu={menu} /> : <OpenChat key={id} id={id} menu={menu} />}
      </Box>
    </Box>
  );
}

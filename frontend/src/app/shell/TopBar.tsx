import AddIcon from '@mui/icons-material/Add';
import MenuIcon from '@mui/icons-material/Menu';
import SearchIcon from '@mui/icons-material/Search';
import AppBar from '@mui/material/AppBar';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Toolbar from '@mui/material/Toolbar';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Account } from './Account';
import { Connection } from './Connection';

type Props = { onMenu: () => void; onSearch: () => void };

export function TopBar({ onMenu, onSearch }: Props) {
  const { t } = useTranslation('shell');
  return (
    <AppBar position="sticky" color="inherit" elevation={0} sx={{ borderBottom: 1, borderColor: 'divider', bgcolor: 'background.paper', zIndex: 'drawer' }}>
      <Toolbar variant="dense" sx={{ gap: 1, minHeight: 52 }}>
        <IconButton edge="start" aria-label={t('openNavigation')} onClick={onMenu} sx={{ display: { md: 'none' } }}>
          <MenuIcon />
        </IconButton>
        <Box component={Link} to="/" aria-label={t('product')} sx={{ display: 'flex', alignItems: 'center', gap: 1, color: 'text.primary', textDecoration: 'none' }}>
          <img src="/console/icon.svg" width={24} height={24} alt="" />
          <Typography component="span" sx={{ fontWeight: 700, display: { xs: 'none', sm: 'block' } }}>
            {t('product')}
          </Typography>
        </Box>
        <Button
          variant="outlined"
          color="secondary"
          startIcon={<SearchIcon />}
          onClick={onSearch}
          aria-keyshortcuts="Control+K Meta+K"
          sx={{ ml: { md: 4 }, justifyContent: 'flex-start', fontWeight: 400, minWidth: { md: 280 }, borderColor: 'divider' }}
        >
          <Box component="span" sx={{ display: { xs: 'none', md: 'inline' } }}>{t('search')}</Box>
          <Box component="span" sx={{ display: { md: 'none' } }}>{t('searchShort')}</Box>
        </Button>
        <Box sx={{ flexGrow: 1 }} />
        <Connection />
        <Button component={Link} to="/tasks/new" variant="contained" startIcon={<AddIcon />} sx={{ whiteSpace: 'nowrap', display: { xs: 'none', sm: 'inline-flex' } }}>
          {t('newTask')}
        </Button>
        <IconButton component={Link} to="/tasks/new" aria-label={t('newTask')} sx={{ display: { sm: 'none' } }}>
          <AddIcon />
        </IconButton>
        <Account />
      </Toolbar>
    </AppBar>
  );
}

import Divider from '@mui/material/Divider';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Typography from '@mui/material/Typography';
import { useColorScheme } from '@mui/material/styles';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMe } from '../session/useMe';
import { useSignOut } from '../session/useSignOut';

const THEMES = ['system', 'light', 'dark'] as const;

/** Profile, theme, sign-out. */
export default function AccountMenu({ anchor, onClose }: { anchor: HTMLElement; onClose: () => void }) {
  const { t } = useTranslation('shell');
  const me = useMe();
  const signOut = useSignOut();
  const { mode, setMode } = useColorScheme();
  return (
    <Menu anchorEl={anchor} open onClose={onClose} slotProps={{ list: { 'aria-label': t('account') } }}>
      <Typography role="presentation" variant="body2" sx={{ px: 2, py: 1, fontWeight: 600, maxWidth: 280, overflowWrap: 'anywhere' }}>
        {me.name || me.email}
      </Typography>
      <MenuItem component={Link} to="/profile" onClick={onClose}>
        {t('profile')}
      </MenuItem>
      <Divider />
      {THEMES.map((theme) => (
        <MenuItem key={theme} role="menuitemradio" aria-checked={mode === theme} selected={mode === theme} onClick={() => setMode(theme)}>
          {`${t('theme.label')}: ${t(`theme.${theme}`)}`}
        </MenuItem>
      ))}
      <Divider />
      <MenuItem onClick={() => void signOut()}>{t('signOut')}</MenuItem>
    </Menu>
  );
}

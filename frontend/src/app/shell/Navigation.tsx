import Badge from '@mui/material/Badge';
import Box from '@mui/material/Box';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemButton from '@mui/material/ListItemButton';
import ListItemIcon from '@mui/material/ListItemIcon';
import ListItemText from '@mui/material/ListItemText';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router';
import { useIsAdmin } from '../session/useMe';
import { GROUPS, type Place, placesOf } from './places';
import { HiddenText } from '../../parts/HiddenText';
import { useWaiting } from './useWaiting';

/** Links to all places that the user may open. */
export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const { t } = useTranslation('shell');
  const places = placesOf(useIsAdmin());
  return (
    <Box component="nav" aria-label={t('navigation')} sx={{ px: 1, py: 1 }}>
      {GROUPS.map((group) => {
        const own = places.filter((place) => place.group === group);
        if (own.length === 0) return null;
        return (
          <Box key={group} sx={{ mb: 1 }}>
            <Typography variant="overline" color="textSecondary" component="div" id={`places-${group}`} sx={{ px: 1.5, pt: 1 }}>
              {t(`groups.${group}`)}
            </Typography>
            <List dense disablePadding aria-labelledby={`places-${group}`}>
              {own.map((place) => (
                <Entry key={place.name} place={place} {...(onNavigate ? { onNavigate } : {})} />
              ))}
            </List>
          </Box>
        );
      })}
    </Box>
  );
}

function Entry({ place, onNavigate }: { place: Place; onNavigate?: () => void }) {
  const { t } = useTranslation('shell');
  const waiting = useWaiting();
  const count = place.name === 'inbox' ? waiting : 0;
  return (
    <ListItem disablePadding>
      <ListItemButton
        component={NavLink}
        to={place.to}
        end={place.to === '/'}
        onClick={onNavigate}
        sx={{
          borderRadius: 1, minHeight: 40, py: 0.5, px: 1.5, color: 'text.secondary',
          '&.active': { bgcolor: 'action.selected', color: 'text.primary' },
          '&.active .MuiListItemIcon-root': { color: 'primary.main' },
        }}
      >
        <ListItemIcon sx={{ minWidth: 32, color: 'inherit' }}>
          <Badge color="warning" variant="dot" invisible={count === 0}>
            <place.Icon fontSize="small" />
          </Badge>
        </ListItemIcon>
        <ListItemText primary={t(`pages.${place.name}`)} slotProps={{ primary: { variant: 'body2', sx: { fontWeight: 500 } } }} />
        {count > 0 && (
          <Typography variant="caption" sx={{ fontWeight: 600 }}>
            {count}
            <HiddenText>{t('waiting')}</HiddenText>
          </Typography>
        )}
      </ListItemButton>
    </ListItem>
  );
}

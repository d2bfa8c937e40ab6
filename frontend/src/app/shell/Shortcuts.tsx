import Box from '@mui/material/Box';
import Dialog from '@mui/material/Dialog';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsAdmin } from '../session/useMe';
import { MONO } from '../theme';
import { placesOf } from './places';

function Key({ name }: { name: string }) {
  return (
    <Box component="kbd" sx={{ fontFamily: MONO, fontSize: '0.8125rem', border: 1, borderColor: 'divider', borderRadius: 0.5, px: 0.75, py: 0.25 }}>
      {name}
    </Box>
  );
}

function Row({ keys, text }: { keys: readonly string[]; text: string }) {
  return (
    <Stack direction="row" spacing={2} sx={{ justifyContent: 'space-between', alignItems: 'center', py: 0.5 }}>
      <Typography component="dt" variant="body2">{text}</Typography>
      <Stack component="dd" direction="row" spacing={0.5} sx={{ m: 0 }}>
        {keys.map((key) => (
          <Key key={key} name={key} />
        ))}
      </Stack>
    </Stack>
  );
}

/** The list of keys. */
export default function Shortcuts({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('shell');
  const id = useId();
  const places = placesOf(useIsAdmin());
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <DialogTitle id={id}>{t('shortcuts')}</DialogTitle>
      <DialogContent>
        <Box component="dl" sx={{ m: 0 }}>
          <Row keys={['Ctrl', 'K']} text={t('search')} />
          <Row keys={['n']} text={t('newTask')} />
          <Row keys={['?']} text={t('shortcuts')} />
          {places.map(({ name, key }) => (
            <Row key={name} keys={['g', key]} text={t(`pages.${name}`)} />
          ))}
        </Box>
      </DialogContent>
    </Dialog>
  );
}

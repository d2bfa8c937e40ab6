import CloudOffIcon from '@mui/icons-material/CloudOffOutlined';
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useConnection } from '../../live/live';

const SOON_MS = 3000;

/** Says that what is shown may be out of date. Nothing is shown while all is well, or for short breaks. */
export function Connection() {
  const { t } = useTranslation('shell');
  const { state, reason } = useConnection();
  const isAway = state === 'away' || state === 'connecting';
  return (
    <Box role="status" sx={{ display: 'flex' }}>
      {isAway && <Away hint={reason || t('offlineHint')} />}
    </Box>
  );
}

/** Shown only after a while: it begins anew with each connection. */
function Away({ hint }: { hint: string }) {
  const { t } = useTranslation('shell');
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), SOON_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isLong) return null;
  return (
    // A plain title: the tooltip component is a tenth of the first load.
    <Stack direction="row" spacing={0.5} title={hint} sx={{ alignItems: 'center', color: 'warning.main' }}>
      <CloudOffIcon fontSize="small" aria-hidden />
      <Typography variant="caption" sx={{ fontWeight: 600, display: { xs: 'none', sm: 'block' } }}>{t('offline')}</Typography>
    </Stack>
  );
}

import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';

const AGAIN_MS = 5000;

/** Says that the server can't be reached, and tries again by itself. */
export function ServerAway({ onRetry }: { onRetry: () => void }) {
  const { t } = useTranslation(['shell', 'common']);
  const retry = useEffectEvent(onRetry);
  useEffect(() => {
    const timer = setInterval(() => retry(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Box component="main" role="status" sx={{ minHeight: '100vh', display: 'grid', placeContent: 'center', p: 3, textAlign: 'center', gap: 1 }}>
      <Typography variant="h1">{t('awayTitle')}</Typography>
      <Typography color="textSecondary">{t('awayHint')}</Typography>
      <Box>
        <Button variant="outlined" onClick={onRetry}>
          {t('common:retry')}
        </Button>
      </Box>
    </Box>
  );
}

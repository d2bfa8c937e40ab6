import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { useGetLimitsQuery } from '../../api';
import { bytes } from '../../parts/bytes';

/** How much of the user's storage is used. */
export function Storage() {
  const { t } = useTranslation('files');
  const { data } = useGetLimitsQuery();
  const kept = data?.holdings.find(({ name }) => name === 'max_kept_bytes');
  if (kept === undefined) return null;
  const used = bytes(kept.used);
  if (kept.limit === null) return <Typography variant="caption" color="textSecondary">{t('usedOnly', { used })}</Typography>;
  return (
    <Box sx={{ minWidth: 180, ml: { sm: 'auto' } }}>
      <Typography variant="caption" color="textSecondary">{t('used', { used, limit: bytes(kept.limit) })}</Typography>
      <LinearProgress variant="determinate" value={Math.min(100, (kept.used / Math.max(1, kept.limit)) * 100)} color={kept.used > kept.limit * 0.9 ? 'warning' : 'primary'} aria-label={t('usage')} />
    </Box>
  );
}

import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { instant, useTimeZone } from '../../parts/times';
import { When } from '../../parts/When';

/** Due times, in the schedule's time zone, and in the user's where it differs. */
export function NextRuns({ runs, zone }: { runs: readonly string[]; zone: string }) {
  const { t } = useTranslation('schedules');
  const own = useTimeZone();
  return (
    <Box component="ol" aria-label={t('nextRuns')} sx={{ m: 0, p: 0, listStyle: 'none' }}>
      {runs.map((at) => (
        <Box component="li" key={at} sx={{ py: 0.75, borderBottom: 1, borderColor: 'divider', '&:last-child': { borderBottom: 0 } }}>
          <Typography variant="body2" component="div" sx={{ display: 'flex', justifyContent: 'space-between', gap: 1, fontVariantNumeric: 'tabular-nums' }}>
            <time dateTime={at}>{weekdayOf(at, zone)} {instant(at, zone)}</time>
            <Typography variant="caption" color="textSecondary" component="span"><When at={at} /></Typography>
          </Typography>
          {own !== zone && <Typography variant="caption" color="textSecondary">{t('yourTime', { time: instant(at, own), zone: own })}</Typography>}
        </Box>
      ))}
    </Box>
  );
}

function weekdayOf(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone }).format(new Date(at));
}

import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { PartHealth } from '../../api';
import { Status } from '../../parts/Status';
import { duration } from '../../parts/times';

/** A card for each part, with what its state means and what to do. */
export function PartList({ parts }: { parts: Record<string, PartHealth> }) {
  const { t } = useTranslation('health');
  return (
    <section aria-labelledby="parts">
      <Typography id="parts" variant="h2" sx={{ mb: 1 }}>
        {t('parts')}
      </Typography>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 320px), 1fr))' }}>
        {Object.entries(parts).map(([name, part]) => (
          <Card key={name}>
            <CardContent>
              <Stack direction="row" sx={{ justifyContent: 'space-between', alignItems: 'center', mb: 0.5 }}>
                <Typography variant="h3">{t(`part.${name}`, { defaultValue: name })}</Typography>
                <Status status={part.state} />
              </Stack>
              {part.note && (
                <Typography variant="body2" sx={{ overflowWrap: 'anywhere' }}>
                  {part.note}
                </Typography>
              )}
              <Typography variant="caption" color="textSecondary">
                {t('checkedIn', { time: duration(part.took_ms) })}
              </Typography>
            </CardContent>
          </Card>
        ))}
      </Box>
    </section>
  );
}

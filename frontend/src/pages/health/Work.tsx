import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { QueueFigures } from '../../api';
import { Figure } from '../../parts/Figure';
import { Status } from '../../parts/Status';
import { duration } from '../../parts/times';

/** What waits and what runs, of all users. */
export function Work({ queues }: { queues: QueueFigures }) {
  const { t } = useTranslation('health');
  const kinds = Object.entries(queues.runs_open).filter(([, states]) => Object.keys(states).length > 0);
  return (
    <section aria-labelledby="work">
      <Typography id="work" variant="h2" sx={{ mb: 1 }}>
        {t('work')}
      </Typography>
      <Card>
        <CardContent>
          <Stack direction="row" spacing={5} useFlexGap sx={{ flexWrap: 'wrap' }}>
            {kinds.length === 0 && <Figure name={t('open')}>{t('noOpen')}</Figure>}
            {kinds.map(([kind, states]) => (
              <Figure key={kind} name={t(`kind.${kind}`, { defaultValue: kind })}>
                <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
                  {Object.entries(states).map(([status, number]) => (
                    <Stack key={status} direction="row" spacing={0.75} sx={{ alignItems: 'center' }}>
                      <span>{number}</span>
                      <Status status={status} />
                    </Stack>
                  ))}
                </Stack>
              </Figure>
            ))}
            <Figure
              name={t('outbox')}
              remark={queues.outbox_oldest_s === null ? undefined : t('outboxOldest', { time: duration(queues.outbox_oldest_s * 1000) })}
            >
              {queues.outbox}
            </Figure>
            <Figure name={t('changes')}>{queues.changes}</Figure>
          </Stack>
        </CardContent>
      </Card>
    </section>
  );
}

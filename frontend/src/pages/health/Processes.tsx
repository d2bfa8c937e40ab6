import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { ProcessView } from '../../api';
import { ScrollTable } from '../../parts/ScrollTable';
import { duration } from '../../parts/times';
import { When } from '../../parts/When';

const percent = new Intl.NumberFormat(undefined, { style: 'percent' });
const megabytes = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 0 });

/** The processes that have reported within the last minute. */
export function Processes({ processes }: { processes: readonly ProcessView[] }) {
  const { t } = useTranslation('health');
  return (
    <section aria-labelledby="processes">
      <Typography id="processes" variant="h2" sx={{ mb: 1 }}>
        {t('processes')}
      </Typography>
      {processes.length === 0 ? (
        <Typography color="textSecondary">{t('noProcess')}</Typography>
      ) : (
        <ScrollTable label={t('processes')}>
          <TableHead>
            <TableRow>
              {(['process', 'since', 'cpu', 'memory', 'lag', 'load'] as const).map((name) => (
                <TableCell key={name}>{t(name)}</TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {processes.map((process) => (
              <Row key={process.name} process={process} />
            ))}
          </TableBody>
        </ScrollTable>
      )}
    </section>
  );
}

function Row({ process }: { process: ProcessView }) {
  const { t } = useTranslation('health');
  const { cpu_share, memory_bytes, loop_lag_ms, slots, slots_in_use, sockets, streams, pool_in_use, pool_size } = process.figures;
  const load = [
    typeof slots === 'number' && t('slots', { used: slots_in_use ?? 0, all: slots }),
    typeof sockets === 'number' && t('sockets', { sockets, streams: streams ?? 0 }),
    typeof pool_size === 'number' && t('pool', { used: pool_in_use ?? 0, all: pool_size }),
  ].filter(Boolean);
  return (
    <TableRow>
      <TableCell component="th" scope="row" sx={{ overflowWrap: 'anywhere' }}>
        {process.name}
      </TableCell>
      <TableCell sx={{ whiteSpace: 'nowrap' }}>
        <When at={process.started_at} />
      </TableCell>
      <TableCell>{typeof cpu_share === 'number' ? percent.format(cpu_share) : '–'}</TableCell>
      <TableCell sx={{ whiteSpace: 'nowrap' }}>{typeof memory_bytes === 'number' ? megabytes.format(memory_bytes / 1e6) : '–'}</TableCell>
      <TableCell sx={{ whiteSpace: 'nowrap' }}>{typeof loop_lag_ms === 'number' ? duration(loop_lag_ms) : '–'}</TableCell>
      <TableCell>{load.join(' · ') || '–'}</TableCell>
    </TableRow>
  );
}

import Box from '@mui/material/Box';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import { useTranslation } from 'react-i18next';
import { useListMetricsQuery } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { ScrollTable } from '../../parts/ScrollTable';
import type { Period } from './period';
import { Panel } from '../../parts/Panel';

const FIGURES = ['count', 'mean', 'min', 'max', 'last'] as const;
const figure = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });

/** The metrics that users' own programs have recorded. */
export function MetricsView({ period }: { period: Period }) {
  const { t } = useTranslation('analytics');
  const { data, error, refetch } = useListMetricsQuery({ ...period.args, limit: 100 });
  if (error !== undefined && data === undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading rows={3} />;
  if (data.items.length === 0) return <EmptyState title={t('metricsNone')} hint={t('metricsHint')} />;
  return (
    <Panel title={t('views.metrics')}>
      <Box sx={{ mt: 2 }}>
        <ScrollTable label={t('views.metrics')}>
          <TableHead>
            <TableRow>
              <TableCell>{t('metric')}</TableCell>
              <TableCell>{t('labels')}</TableCell>
              {FIGURES.map((name) => (
                <TableCell key={name} align="right">{t(name)}</TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {data.items.map((row) => (
              <TableRow key={`${row.user_id} ${row.name} ${JSON.stringify(row.labels)}`}>
                <TableCell component="th" scope="row">{row.name}</TableCell>
                <TableCell>{Object.entries(row.labels).map(([name, value]) => `${name}=${value}`).join(', ')}</TableCell>
                {[row.count, row.mean, row.minimum, row.maximum, row.last].map((value, index) => (
                  <TableCell key={FIGURES[index]} align="right">{typeof value === 'number' ? figure.format(value) : '–'}</TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </ScrollTable>
      </Box>
    </Panel>
  );
}

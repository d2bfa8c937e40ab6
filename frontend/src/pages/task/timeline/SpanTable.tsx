import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Money } from '../../../parts/Money';
import { MoreButton } from '../../../parts/MoreButton';
import { ScrollTable } from '../../../parts/ScrollTable';
import { Status } from '../../../parts/Status';
import { duration } from '../../../parts/times';
import { At } from '../../../parts/When';
import type { Row } from './rows';
import { timesOf, useSpanWords } from './words';

const STEP = 100;

/** The chart's figures as a table. */
export function SpanTable({ rows, nameOf }: { rows: Row[]; nameOf: (path: string) => string }) {
  const { t } = useTranslation('task');
  const words = useSpanWords();
  const [shown, show] = useState(STEP);
  const time = (ms: number | undefined) => (ms === undefined ? '–' : duration(ms));
  const calls = rows.flatMap((row) => (row.span ? [row.span] : []));
  return (
    <>
      <ScrollTable label={t('timeline.chart')}>
        <TableHead>
          <TableRow>
            {(['what', 'where', 'state', 'began'] as const).map((head) => <TableCell key={head}>{t(`timeline.${head}`)}</TableCell>)}
            {(['queue', 'first', 'total', 'cost'] as const).map((head) => <TableCell key={head} align="right">{t(`timeline.${head}`)}</TableCell>)}
          </TableRow>
        </TableHead>
        <TableBody>
          {calls.slice(0, shown).map((span) => {
            const times = timesOf(span);
            return (
              <TableRow key={span.id}>
                <TableCell>{words.title(span)}</TableCell>
                <TableCell>{nameOf(span.path)}</TableCell>
                <TableCell><Status status={words.status(span)} label={words.state(span)} /></TableCell>
                <TableCell sx={{ whiteSpace: 'nowrap' }}><At at={span.started_at} seconds /></TableCell>
                <TableCell align="right">{time(times.queue)}</TableCell>
                <TableCell align="right">{time(times.first)}</TableCell>
                <TableCell align="right">{time(times.total)}</TableCell>
                <TableCell align="right">{typeof span.cost_micro_usd === 'number' ? <Money micro={span.cost_micro_usd} /> : '–'}</TableCell>
              </TableRow>
            );
          })}
        </TableBody>
      </ScrollTable>
      {calls.length > shown && <MoreButton busy={false} onMore={() => show(shown + STEP)} />}
    </>
  );
}

import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import { useTheme } from '@mui/material/styles';
import { BarChart } from '@mui/x-charts/BarChart';
import { LineChart } from '@mui/x-charts/LineChart';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ScrollTable } from '../../parts/ScrollTable';

export type Series = { name: string; values: (number | null)[] };
type Props = { title: string; days: string[]; series: Series[]; format: (value: number) => string; kind: 'bars' | 'lines' };

/** Return a day such as 2026-12-01 in the short form of the user's language. */
export function dayOf(date: string): string {
  return new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`));
}

/** Figures by day: a chart, or the same as a table. */
export function DayChart({ title, days, series, format, kind }: Props) {
  const { t } = useTranslation('analytics');
  const theme = useTheme();
  const [asTable, setAsTable] = useState(false);
  // Two colours that differ in lightness too, so that they can be told apart without seeing the hue.
  const colors = [theme.vars?.palette.primary.main ?? theme.palette.primary.main, theme.vars?.palette.warning.main ?? theme.palette.warning.main];
  const shared = {
    height: 260,
    colors,
    margin: { left: 0, right: 8, top: 16, bottom: 0 },
    hideLegend: series.length < 2,
    yAxis: [{ valueFormatter: (value: number) => format(value), width: 64 }],
    skipAnimation: true,
  };
  const valueFormatter = (value: number | null) => (value === null ? '–' : format(value));
  return (
    <Box>
      <Box sx={{ textAlign: 'right' }}>
        <Button size="small" onClick={() => setAsTable(!asTable)}>
          {t(asTable ? 'asChart' : 'asTable')}
        </Button>
      </Box>
      {asTable ? (
        <ScrollTable label={title}>
          <TableHead>
            <TableRow>
              <TableCell>{t('date')}</TableCell>
              {series.map(({ name }) => (
                <TableCell key={name} align="right">{name}</TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {days.map((day, index) => (
              <TableRow key={day}>
                <TableCell component="th" scope="row">{dayOf(day)}</TableCell>
                {series.map(({ name, values }) => (
                  <TableCell key={name} align="right">{valueFormatter(values[index] ?? null)}</TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </ScrollTable>
      ) : kind === 'bars' ? (
        <BarChart {...shared} aria-label={title} xAxis={[{ scaleType: 'band', data: days, valueFormatter: dayOf }]} series={series.map(({ name, values }) => ({ label: name, data: values, valueFormatter }))} borderRadius={3} />
      ) : (
        <LineChart {...shared} aria-label={title} xAxis={[{ scaleType: 'point', data: days, valueFormatter: dayOf }]} series={series.map(({ name, values }) => ({ label: name, data: values, valueFormatter, connectNulls: true, showMark: days.length < 2 }))} />
      )}
    </Box>
  );
}

import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import { useTranslation } from 'react-i18next';
import { api, useGetOverviewQuery, useListDailyUsageQuery, type DailyUsage } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { MoreButton } from '../../parts/MoreButton';
import { money } from '../../parts/Money';
import { ScrollTable } from '../../parts/ScrollTable';
import { usePages } from '../../parts/usePages';
import { DayChart, dayOf } from './DayChart';
import { compactOf, daysOf, numberOf, wasted } from './figures';
import { Loaded } from './Loaded';
import type { Period } from './period';
import { Panel } from '../../parts/Panel';

/** How much is used, day by day? */
export function UsageView({ period }: { period: Period }) {
  const { t } = useTranslation('analytics');
  const overview = useGetOverviewQuery(period.args);
  return (
    <Loaded answer={overview} isEmpty={(data) => data.days.length === 0}>
      {(data) => {
        const days = daysOf(data.period);
        const byDate = new Map(data.days.map((day) => [day.date, day]));
        const series = (name: 'input_tokens' | 'output_tokens' | 'attempts') => days.map((day) => byDate.get(day)?.[name] ?? 0);
        return (
          <Stack spacing={3}>
            <Panel title={t('perDayTokens')}>
              <DayChart kind="bars" title={t('perDayTokens')} days={days} format={compactOf} series={[{ name: t('input'), values: series('input_tokens') }, { name: t('output'), values: series('output_tokens') }]} />
            </Panel>
            <Panel title={t('perDayCalls')}>
              <DayChart kind="bars" title={t('perDayCalls')} days={days} format={numberOf} series={[{ name: t('attempts'), values: series('attempts') }]} />
            </Panel>
            <Rows period={period} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Rows({ period }: { period: Period }) {
  const { t } = useTranslation('analytics');
  const dispatch = useAppDispatch();
  const filter = { ...period.args, limit: 50 };
  const { data } = useListDailyUsageQuery(filter);
  const pages = usePages<DailyUsage>(JSON.stringify(filter), data, (cursor) => dispatch(api.endpoints.listDailyUsage.initiate({ ...filter, cursor }, { subscribe: false })).unwrap());
  return (
    <Panel title={t('rows')}>
      <Box sx={{ mt: 2 }}>
        <ScrollTable label={t('rows')}>
          <TableHead>
            <TableRow>
              <TableCell>{t('date')}</TableCell>
              {period.whose === 'all' && <TableCell>{t('user')}</TableCell>}
              <TableCell>{t('model')}</TableCell>
              {(['attempts', 'failed', 'input', 'output', 'cost'] as const).map((name) => (
                <TableCell key={name} align="right">{t(name)}</TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {pages.items.map((row) => (
              <TableRow key={`${row.date} ${row.user_id} ${row.model}`}>
                <TableCell component="th" scope="row" sx={{ whiteSpace: 'nowrap' }}>{dayOf(row.date)}</TableCell>
                {period.whose === 'all' && <TableCell>{row.email}</TableCell>}
                <TableCell>{row.model}</TableCell>
                <TableCell align="right">{numberOf(row.attempts)}</TableCell>
                <TableCell align="right">{numberOf(wasted(row))}</TableCell>
                <TableCell align="right">{numberOf(row.usage.input_tokens ?? 0)}</TableCell>
                <TableCell align="right">{numberOf(row.usage.output_tokens ?? 0)}</TableCell>
                <TableCell align="right">{money(row.cost_micro_usd)}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </ScrollTable>
        {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
      </Box>
    </Panel>
  );
}

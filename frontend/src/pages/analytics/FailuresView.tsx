import Box from '@mui/material/Box';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { useGetAgentsPerformanceQuery, useGetTasksAnalyticsQuery, type AgentPerformance } from '../../api';
import { ScrollTable } from '../../parts/ScrollTable';
import { Bars } from '../../parts/Bars';
import { numberOf, percentOf, wasted } from './figures';
import { Loaded } from './Loaded';
import type { Period } from './period';
import { Panel } from '../../parts/Panel';

/** Which agent fails, and why? */
export function FailuresView({ period }: { period: Period }) {
  const { t } = useTranslation('analytics');
  const agents = useGetAgentsPerformanceQuery({ ...period.args, limit: 100 });
  const tasks = useGetTasksAnalyticsQuery(period.args);
  return (
    <Loaded answer={agents} isEmpty={(data) => data.items.length === 0}>
      {(data) => (
        <Stack spacing={3}>
          <Panel title={t('failedRuns')}>
            {tasks.data && Object.keys(tasks.data.failures).length === 0 && <Typography color="textSecondary" sx={{ mt: 1 }}>{t('noFailures')}</Typography>}
            <Bars
              bars={Object.entries(tasks.data?.failures ?? {})
                .sort((a, b) => b[1] - a[1])
                .map(([code, count]) => ({ name: code, value: count, tone: 'error' as const, text: <CodeLink code={code} text={numberOf(count)} /> }))}
            />
          </Panel>
          <Panel title={t('failuresAgents')}>
            <Box sx={{ mt: 2 }}>
              <ScrollTable label={t('failuresAgents')}>
                <TableHead>
                  <TableRow>
                    <TableCell>{t('agent')}</TableCell>
                    <TableCell align="right">{t('attempts')}</TableCell>
                    <TableCell align="right">{t('failureRate')}</TableCell>
                    <TableCell>{t('codes')}</TableCell>
                  </TableRow>
                </TableHead>
                <TableBody>
                  {[...data.items].sort((a, b) => rateOf(b) - rateOf(a)).map((each) => (
                    <Row key={`${each.agent} ${each.version}`} figures={each} />
                  ))}
                </TableBody>
              </ScrollTable>
            </Box>
          </Panel>
        </Stack>
      )}
    </Loaded>
  );
}

const rateOf = (figures: AgentPerformance) => (typeof figures.success_rate === 'number' ? 1 - figures.success_rate : 0);

/** A figure that leads to the explanation of its error code. */
function CodeLink({ code, text }: { code: string; text: string }) {
  return <Link href={`/docs/errors#${encodeURIComponent(code)}`} target="_blank" rel="noopener" underline="always">{text}</Link>;
}

function Row({ figures }: { figures: AgentPerformance }) {
  const { t } = useTranslation('analytics');
  const rate = rateOf(figures);
  return (
    <TableRow>
      <TableCell component="th" scope="row">
        <Link component={To} to={`/agents/${encodeURIComponent(figures.agent)}`}>{figures.agent}</Link>
        {figures.version !== null && <Typography variant="caption" color="textSecondary" component="div">{t('version', { version: figures.version })}</Typography>}
      </TableCell>
      <TableCell align="right">{numberOf(figures.attempts)}</TableCell>
      <TableCell align="right" sx={{ color: rate > 0.1 ? 'error.main' : undefined, fontWeight: rate > 0.1 ? 600 : undefined }}>
        {percentOf(rate)}
        <Typography variant="caption" color="textSecondary" component="div">{numberOf(wasted(figures))}</Typography>
      </TableCell>
      <TableCell>
        {Object.entries(figures.failures).map(([code, count]) => (
          <div key={code}><CodeLink code={code} text={`${code} (${numberOf(count)})`} /></div>
        ))}
      </TableCell>
    </TableRow>
  );
}

import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelCallView } from '../../../api';
import { Fold } from '../../../parts/Fold';
import { Money } from '../../../parts/Money';
import { MoreButton } from '../../../parts/MoreButton';
import { ScrollTable } from '../../../parts/ScrollTable';
import { Status } from '../../../parts/Status';
import { At } from '../../../parts/When';

const STEP = 100;
/** The API lists at most this many attempts. */
const LISTED = 1000;
const STATE = { started: 'running', finished: 'finished', failed: 'failed', cancelled: 'cancelled', in_doubt: 'in_doubt', late: 'interrupted' } as const;

/** Every attempt at a model call with its cost, as a table. */
export function Attempts({ attempts, nameOf }: { attempts: ModelCallView[]; nameOf: (path: string) => string }) {
  const { t } = useTranslation('task');
  const [shown, show] = useState(STEP);
  const heads = ['began', 'part', 'purpose', 'attempt', 'agent', 'model', 'state'] as const;
  return (
    <Fold head={t('cost.attemptsTable')}>
      {attempts.length >= LISTED && <Typography variant="caption" color="textSecondary">{t('cost.newest', { count: LISTED })}</Typography>}
      <ScrollTable label={t('cost.attemptsTable')}>
        <TableHead>
          <TableRow>
            {heads.map((head) => <TableCell key={head}>{t(`cost.${head}`)}</TableCell>)}
            {(['in', 'out', 'cost'] as const).map((head) => <TableCell key={head} align="right">{t(`cost.${head}`)}</TableCell>)}
          </TableRow>
        </TableHead>
        <TableBody>
          {attempts.slice(0, shown).map((each) => (
            <TableRow key={`${each.path} ${each.purpose} ${each.step} ${each.attempt}`}>
              <TableCell sx={{ whiteSpace: 'nowrap' }}><At at={each.started_at} seconds /></TableCell>
              <TableCell>{nameOf(each.path)}</TableCell>
              <TableCell sx={{ whiteSpace: 'nowrap' }}>{t(`transcript.purposes.${each.purpose}`)}</TableCell>
              <TableCell align="right">{each.attempt}</TableCell>
              <TableCell>{each.agent}</TableCell>
              <TableCell>{each.model}</TableCell>
              <TableCell><Status status={STATE[each.status]} label={t(`cost.statuses.${each.status}`)} />{each.error_code && <Typography variant="caption" component="div" color="textSecondary">{each.error_code}</Typography>}</TableCell>
              <TableCell align="right">{(each.usage.input_tokens ?? 0).toLocaleString()}</TableCell>
              <TableCell align="right">{(each.usage.output_tokens ?? 0).toLocaleString()}</TableCell>
              <TableCell align="right"><Money micro={each.cost_micro_usd} /></TableCell>
            </TableRow>
          ))}
        </TableBody>
      </ScrollTable>
      {attempts.length > shown && <MoreButton busy={false} onMore={() => show(shown + STEP)} />}
    </Fold>
  );
}

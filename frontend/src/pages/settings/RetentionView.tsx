import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type RetentionView as Run, useListRetentionRunsQuery, useRunRetentionMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { ScrollTable } from '../../parts/ScrollTable';
import { Status } from '../../parts/Status';
import { When } from '../../parts/When';
import { Holds } from './Holds';

/** How long content is kept, what was deleted, and what is exempt. */
export function RetentionView() {
  const { t } = useTranslation('settings');
  const dispatch = useAppDispatch();
  const { data, error, refetch } = useListRetentionRunsQuery({ limit: 20 });
  const [run, { data: outcome, error: failure, isLoading }] = useRunRetentionMutation();
  const [asked, setAsked] = useState(false);
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  const deleted = (each: Run) =>
    Object.entries(each.deleted).filter(([, count]) => count > 0).map(([kind, count]) => t('deletedOf', { count, kind: t(`retentionKinds.${kind}`, { defaultValue: kind }) })).join(' · ') || t('nothing');
  const preview = () => void run({ retentionRequest: { dry_run: true } });
  const confirm = async () => {
    const result = await run({ retentionRequest: { dry_run: false } });
    if (result.error) return;
    setAsked(false);
    showToast(dispatch, t('retentionStarted'), 'info');
  };
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('retentionRules')} about={t('retentionAbout', { hour: String(data.hour).padStart(2, '0') })}>
        <ScrollTable label={t('retentionRules')}>
          <TableHead>
            <TableRow><TableCell>{t('content')}</TableCell><TableCell>{t('kept')}</TableCell><TableCell>{t('setting')}</TableCell></TableRow>
          </TableHead>
          <TableBody>
            {data.rules.map((rule) => (
              <TableRow key={rule.kind}>
                <TableCell>{t(`retentionKinds.${rule.kind}`)}</TableCell>
                <TableCell>{rule.days === 0 ? t('keptForever') : t('keptDays', { count: rule.days })}</TableCell>
                <TableCell><code>{rule.setting}</code></TableCell>
              </TableRow>
            ))}
          </TableBody>
        </ScrollTable>
      </Panel>
      <Panel
        title={t('retentionRuns')}
        actions={
          <Stack direction="row" spacing={1}>
            <Button variant="outlined" disabled={isLoading} onClick={preview}>{t('retentionPreview')}</Button>
            <Button variant="outlined" color="error" disabled={isLoading} onClick={() => setAsked(true)}>{t('retentionRun')}</Button>
          </Stack>
        }
      >
        <div aria-live="polite">
          {outcome?.dry_run && <Alert severity="info" variant="outlined">{t('wouldDelete', { what: deleted(outcome) })}</Alert>}
          {failure !== undefined && !asked && <Problem error={failure} compact />}
        </div>
        {data.items.length === 0 && <Typography variant="body2" color="textSecondary">{t('noRuns')}</Typography>}
        <Rows>
          {data.items.map((each) => (
            <Row key={each.id} action={<Status status={each.status} />}>
              <Typography variant="body2"><When at={each.created_at} /> · {t(each.user_id ? 'erasure' : each.requested_by ? 'byHand' : 'daily')}</Typography>
              <Typography variant="caption" color="textSecondary" component="div">{deleted(each)}</Typography>
            </Row>
          ))}
        </Rows>
      </Panel>
      <Holds />
      <ConfirmDialog open={asked} title={t('retentionAsk')} text={t('retentionAskText')} confirm={t('retentionRun')} busy={isLoading} error={failure} onConfirm={() => void confirm()} onClose={() => setAsked(false)} />
    </Stack>
  );
}

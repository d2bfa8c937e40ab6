import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type HoldView, useLiftHoldMutation, useListHoldsQuery, usePlaceHoldMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';

/** What is exempt from retention. */
export function Holds() {
  const { t } = useTranslation('settings');
  const dispatch = useAppDispatch();
  const { data, error, refetch, isLoading } = useListHoldsQuery({ limit: 100 });
  const [place, placing] = usePlaceHoldMutation();
  const [lift, lifting] = useLiftHoldMutation();
  const [id, setId] = useState('');
  const [asked, setAsked] = useState<HoldView | null>(null);
  const submit = async () => {
    const result = await place({ subjectId: id.trim() });
    if (result.error) return;
    setId('');
    showToast(dispatch, t('held'));
  };
  const confirm = async () => {
    if (asked === null) return;
    const result = await lift({ subjectId: asked.id });
    if (!result.error) setAsked(null);
  };
  return (
    <Panel title={t('holds')} about={t('holdsAbout')}>
      <Stack component="form" direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }} onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <TextField fullWidth={false} label={t('holdId')} value={id} onChange={(event) => setId(event.target.value)} sx={{ flexGrow: 1, minWidth: 240 }} />
        <Button type="submit" variant="outlined" disabled={id.trim() === '' || placing.isLoading}>{t('hold')}</Button>
      </Stack>
      {placing.error !== undefined && <Problem error={placing.error} compact />}
      {isLoading && <Loading rows={2} />}
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <Typography variant="body2" color="textSecondary">{t('noHolds')}</Typography>}
      <Rows>
        {data?.items.map((each) => (
          <Row key={each.id} action={<Button size="small" aria-label={`${t('lift')}: ${each.id}`} onClick={() => setAsked(each)}>{t('lift')}</Button>}>
            <code>{each.id}</code>
            <Typography variant="caption" color="textSecondary" component="div"><When at={each.created_at} /></Typography>
          </Row>
        ))}
      </Rows>
      <ConfirmDialog open={asked !== null} title={t('liftAsk')} text={t('liftAskText')} confirm={t('lift')} busy={lifting.isLoading} error={lifting.error} onConfirm={() => void confirm()} onClose={() => setAsked(null)} />
    </Panel>
  );
}

import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type UserLimits, useGetUserLimitsQuery, useSetUserLimitsMutation } from '../../api';
import { etagOf } from '../../api/etags';
import { statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Spending } from '../../parts/limits/Spending';

const MICRO = 1_000_000;
const dollars = (micro: number | null | undefined): string => (micro === null || micro === undefined ? '' : String(micro / MICRO));
const amountIn = (text: string): number | null => (text.trim() === '' ? null : Math.round(Number(text) * MICRO));
const isAmount = (text: string): boolean => text.trim() === '' || (Number.isFinite(Number(text)) && Number(text) >= 0);

/** What a user has spent, and the user's own limits. */
export function UserSpending({ id, editable }: { id: string; editable: boolean }) {
  const { data, error, refetch } = useGetUserLimitsQuery({ userId: id }, { refetchOnMountOrArgChange: true });
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading rows={3} />;
  return (
    <>
      <Spending limits={data} />
      {editable && <LimitsForm key={JSON.stringify(data.own)} id={id} own={data.own} onReload={() => void refetch()} />}
    </>
  );
}

function LimitsForm({ id, own, onReload }: { id: string; own: UserLimits; onReload: () => void }) {
  const { t } = useTranslation(['users', 'common']);
  const dispatch = useAppDispatch();
  const [set, { error, isLoading }] = useSetUserLimitsMutation();
  const [etag] = useState(() => etagOf(`/api/v1/users/${id}/limits`));
  const [day, setDay] = useState(dollars(own.max_cost_day_micro_usd));
  const [month, setMonth] = useState(dollars(own.max_cost_month_micro_usd));
  const wrong = { day: !isAmount(day), month: !isAmount(month) };
  const same = day === dollars(own.max_cost_day_micro_usd) && month === dollars(own.max_cost_month_micro_usd);
  const outdated = statusOf(error) === 412;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await set({ userId: id, userLimits: { max_cost_day_micro_usd: amountIn(day), max_cost_month_micro_usd: amountIn(month) }, ...(etag ? { 'If-Match': etag } : {}) });
    if (!result.error) showToast(dispatch, t('limitsSaved'));
  };
  return (
    <Panel title={t('ownLimits')} about={t('ownLimitsAbout')}>
      <Stack component="form" spacing={2} noValidate onSubmit={(event) => void submit(event)}>
        <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
          <TextField label={t('perDay')} value={day} onChange={(event) => setDay(event.target.value)} error={wrong.day} helperText={wrong.day ? t('amountWrong') : undefined} placeholder={t('asSettings')} slotProps={{ htmlInput: { inputMode: 'decimal' }, inputLabel: { shrink: true } }} sx={{ width: 240 }} />
          <TextField label={t('perMonth')} value={month} onChange={(event) => setMonth(event.target.value)} error={wrong.month} helperText={wrong.month ? t('amountWrong') : undefined} placeholder={t('asSettings')} slotProps={{ htmlInput: { inputMode: 'decimal' }, inputLabel: { shrink: true } }} sx={{ width: 240 }} />
        </Stack>
        {outdated && <Alert severity="warning" variant="outlined" action={<Button color="inherit" size="small" onClick={onReload}>{t('loadAgain')}</Button>}>{t('limitsOutdated')}</Alert>}
        {error !== undefined && !outdated && <Problem error={error} compact />}
        <div><Button type="submit" variant="contained" disabled={isLoading || same || wrong.day || wrong.month}>{t('common:save')}</Button></div>
      </Stack>
    </Panel>
  );
}

import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { ToolView } from '../../api';
import { Status } from '../../parts/Status';

const STATUS = { allow: 'ok', ask: 'waiting', deny: 'refused' } as const;

/** Whether a call is allowed, asks or is denied. */
export function Verdict({ verdict }: { verdict: keyof typeof STATUS }) {
  const { t } = useTranslation('settings');
  return <Status status={STATUS[verdict]} label={t(`verdicts.${verdict}`)} />;
}

/** What the rules say about a tool, and whose rule decides. */
export function Ruling({ ruling }: { ruling: ToolView['ruling'] }) {
  const { t } = useTranslation('settings');
  const remarks = [
    t(`decidedBy.${ruling.decided_by}`, { position: (ruling.rule ?? 0) + 1 }),
    ...(ruling.varies ? [t('varies')] : []),
    ...(ruling.after_untrusted === ruling.verdict ? [] : [t(`afterUntrusted.${ruling.after_untrusted}`)]),
  ];
  return (
    <Stack sx={{ alignItems: { sm: 'flex-end' } }}>
      <Verdict verdict={ruling.verdict} />
      {remarks.map((each) => <Typography key={each} variant="caption" color="textSecondary">{each}</Typography>)}
    </Stack>
  );
}

/** The state of a tool that can't be called. */
export function ToolState({ status }: { status: ToolView['status'] }) {
  const { t } = useTranslation('settings');
  return <Status status={{ active: 'active', changed: 'in_doubt', gone: 'none' }[status]} label={t(`toolStates.${status}`)} />;
}

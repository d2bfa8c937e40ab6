import BlockIcon from '@mui/icons-material/Block';
import IdleIcon from '@mui/icons-material/CircleOutlined';
import CheckCircleIcon from '@mui/icons-material/CheckCircleOutlined';
import ErrorIcon from '@mui/icons-material/ErrorOutlined';
import HourglassIcon from '@mui/icons-material/HourglassEmpty';
import PauseIcon from '@mui/icons-material/PauseCircleOutlined';
import RunningIcon from '@mui/icons-material/Autorenew';
import UnsureIcon from '@mui/icons-material/HelpOutlined';
import Stack from '@mui/material/Stack';
import type { SvgIconTypeMap } from '@mui/material/SvgIcon';
import type { OverridableComponent } from '@mui/material/OverridableComponent';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';

type Icon = OverridableComponent<SvgIconTypeMap>;
type Tone = 'info' | 'success' | 'warning' | 'error' | 'textSecondary';

/** A state is shown by an icon, a word and a colour, so never by colour alone. */
const TONES: Record<string, readonly [Tone, Icon]> = {
  running: ['info', RunningIcon], busy: ['info', RunningIcon], cancelling: ['info', RunningIcon],
  waiting: ['warning', HourglassIcon], paused: ['warning', PauseIcon], in_doubt: ['warning', UnsureIcon],
  degraded: ['warning', UnsureIcon], low: ['warning', UnsureIcon], away: ['error', ErrorIcon],
  completed: ['success', CheckCircleIcon], approved: ['success', CheckCircleIcon], answered: ['success', CheckCircleIcon],
  finished: ['success', CheckCircleIcon], active: ['success', CheckCircleIcon], up: ['success', CheckCircleIcon],
  ok: ['success', CheckCircleIcon],
  failed: ['error', ErrorIcon], rejected: ['error', BlockIcon], refused: ['error', BlockIcon], down: ['error', ErrorIcon],
  full: ['error', ErrorIcon], interrupted: ['warning', ErrorIcon],
  cancelled: ['textSecondary', BlockIcon], skipped: ['textSecondary', BlockIcon], expired: ['textSecondary', HourglassIcon],
  inactive: ['textSecondary', PauseIcon], idle: ['textSecondary', IdleIcon], none: ['textSecondary', BlockIcon],
};

/** Return the tone of a state, for what shows states in its own way, such as the graph. */
export function toneOf(status: string): Tone {
  return TONES[status]?.[0] ?? 'textSecondary';
}

/** The state of anything: a run, a subtask, a call, an approval, a part of the system. */
export function Status({ status, label }: { status: string; label?: string }) {
  const { t } = useTranslation();
  const [tone, StateIcon] = TONES[status] ?? (['textSecondary', HourglassIcon] as const);
  const color = tone === 'textSecondary' ? 'text.secondary' : `${tone}.main`;
  return (
    <Stack direction="row" component="span" spacing={0.5} data-status={status} sx={{ alignItems: 'center', color, display: 'inline-flex' }}>
      <StateIcon aria-hidden fontSize="inherit" />
      <Typography component="span" variant="caption" sx={{ fontWeight: 600, color: 'inherit', whiteSpace: 'nowrap' }}>
        {label ?? t(`status.${status}`, { defaultValue: status.replaceAll('_', ' ') })}
      </Typography>
    </Stack>
  );
}

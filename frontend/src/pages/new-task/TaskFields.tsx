import PlanIcon from '@mui/icons-material/AccountTreeOutlined';
import PlannerIcon from '@mui/icons-material/AutoAwesomeOutlined';
import AgentIcon from '@mui/icons-material/SmartToyOutlined';
import Box from '@mui/material/Box';
import InputAdornment from '@mui/material/InputAdornment';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Loading } from '../../parts/Loading';
import { AgentField } from './AgentField';
import type { Errors, Mode, TaskForm } from './form';
import { ModelField } from './ModelField';
import { Options } from './Options';

const PlanEditor = lazy(() => import('./plan/PlanEditor'));
const MODES = [['planner', PlannerIcon], ['agent', AgentIcon], ['plan', PlanIcon]] as const;

type Props = {
  form: TaskForm; errors: Errors; onChange: (changes: Partial<TaskForm>) => void;
  /** Whether the form asks for groups to share the new task with. */
  sharing?: boolean;
  autoFocus?: boolean;
};

/** The fields of a task, for a new task and for a schedule. */
export function TaskFields({ form, errors, onChange, sharing = false, autoFocus = false }: Props) {
  const { t } = useTranslation('new-task');
  const only = form.mode === 'agent' ? errors['plan.0.instruction'] : undefined;
  const goalError = errors.goal ?? only;
  return (
    <Stack spacing={2.5}>
      <TextField multiline minRows={5} maxRows={24} autoFocus={autoFocus} required label={t('goal')} placeholder={t('goalPlaceholder')} value={form.goal}
        error={goalError !== undefined} helperText={goalError ?? t('goalHelp')} onChange={(event) => onChange({ goal: event.target.value })} />
      <Box>
        <Typography id="mode" variant="subtitle2" component="div" sx={{ mb: 1 }}>{t('mode')}</Typography>
        <ToggleButtonGroup exclusive color="primary" value={form.mode} aria-labelledby="mode" size="small" sx={{ display: { xs: 'grid', sm: 'inline-flex' } }}
          onChange={(_, mode: Mode | null) => mode && onChange({ mode })}>
          {MODES.map(([mode, Icon]) => (
            <ToggleButton key={mode} value={mode} sx={{ px: 1.5, gap: 0.75, textTransform: 'none' }}><Icon fontSize="small" aria-hidden />{t(`modes.${mode}`)}</ToggleButton>
          ))}
        </ToggleButtonGroup>
        <Typography variant="caption" color="textSecondary" component="p" sx={{ mt: 0.75 }}>{t(`modesHelp.${form.mode}`)}</Typography>
      </Box>
      {form.mode === 'agent' && <AgentField label={t('agent')} value={form.agent} error={errors['plan.0.agent']} onChange={(agent) => onChange({ agent })} />}
      {form.mode === 'plan' && (
        <Suspense fallback={<Loading rows={3} />}>
          <PlanEditor plan={form.plan} errors={errors} onChange={(plan) => onChange({ plan })} />
        </Suspense>
      )}
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: '1fr', sm: '2fr 1fr' }, alignItems: 'start' }}>
        <ModelField label={t('model')} help={t('modelHelp')} {...(errors.model !== undefined && { error: errors.model })} value={form.model} onChange={(model) => onChange({ model })} />
        <TextField label={t('cost')} value={form.cost} error={(errors['budget.max_cost_micro_usd'] ?? errors.budget) !== undefined}
          helperText={errors['budget.max_cost_micro_usd'] ?? errors.budget ?? t('costHelp')} placeholder={t('noLimit')}
          onChange={(event) => onChange({ cost: event.target.value })}
          slotProps={{ htmlInput: { inputMode: 'decimal' }, inputLabel: { shrink: true }, input: { startAdornment: <InputAdornment position="start">$</InputAdornment> } }} />
      </Box>
      <Options form={form} errors={errors} sharing={sharing} onChange={onChange} />
    </Stack>
  );
}

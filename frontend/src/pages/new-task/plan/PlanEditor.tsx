import AddIcon from '@mui/icons-material/Add';
import RemoveIcon from '@mui/icons-material/DeleteOutlined';
import Alert from '@mui/material/Alert';
import Autocomplete from '@mui/material/Autocomplete';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PlannedSubtask } from '../../../api';
import { Loading } from '../../../parts/Loading';
import { AgentField } from '../AgentField';
import type { Errors } from '../form';
import { freeKey, MAX_SUBTASKS, withKey } from './plan';
import { PlanGraph } from './PlanGraph';

const PlanJson = lazy(() => import('./PlanJson'));

type Props = { plan: readonly PlannedSubtask[]; errors: Errors; onChange: (plan: PlannedSubtask[]) => void };

/** Numbers of the subtasks that have errors. */
function wrongOf(errors: Errors): ReadonlySet<number> {
  return new Set(Object.keys(errors).flatMap((name) => /^plan\.(\d+)/.exec(name)?.[1] ?? []).map(Number));
}

/** Edits a plan: the graph shows all subtasks, the fields below belong to the selected one. */
export default function PlanEditor({ plan, errors, onChange }: Props) {
  const { t } = useTranslation('new-task');
  const [at, setAt] = useState(0);
  const [json, setJson] = useState(false);
  const selected = Math.min(at, plan.length - 1);
  const subtask = plan[selected];
  const wrong = wrongOf(errors);
  const add = () => {
    onChange([...plan, { key: freeKey(plan), instruction: '', agent: 'analyst', depends_on: [] }]);
    setAt(plan.length);
  };
  const change = (changes: Partial<PlannedSubtask>) => onChange(plan.map((each, index) => (index === selected ? { ...each, ...changes } : each)));
  const remove = () => {
    const key = subtask?.key;
    onChange(plan.filter((_, index) => index !== selected).map((each) => ({ ...each, depends_on: (each.depends_on ?? []).filter((name) => name !== key) })));
    setAt(Math.max(0, selected - 1));
  };
  return (
    <Stack spacing={1.5}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        <Button startIcon={<AddIcon />} variant="outlined" onClick={add} disabled={plan.length >= MAX_SUBTASKS}>{t('addSubtask')}</Button>
        <Button onClick={() => setJson(true)}>{t('editJson')}</Button>
        <Typography variant="caption" color="textSecondary">{t('subtaskCount', { count: plan.length })}</Typography>
      </Stack>
      {errors.plan && <Alert severity="error" variant="outlined">{errors.plan}</Alert>}
      {plan.length > 0 && <PlanGraph plan={plan} wrong={wrong} selected={selected} onSelect={setAt} />}
      {wrong.size > 0 && !wrong.has(selected) && (
        <Alert severity="error" variant="outlined" action={<Button size="small" color="inherit" onClick={() => setAt([...wrong][0] ?? 0)}>{t('showError')}</Button>}>
          {t('wrongSubtasks', { count: wrong.size })}
        </Alert>
      )}
      {subtask && <Subtask key={selected} plan={plan} index={selected} errors={errors} onChange={change} onKey={(key) => onChange(withKey(plan, selected, key))} onRemove={remove} />}
      {json && (
        <Suspense fallback={<Loading rows={2} />}>
          <PlanJson plan={plan} onClose={() => setJson(false)} onChange={(next) => { onChange(next); setJson(false); setAt(0); }} />
        </Suspense>
      )}
    </Stack>
  );
}

type SubtaskProps = {
  plan: readonly PlannedSubtask[]; index: number; errors: Errors; onChange: (changes: Partial<PlannedSubtask>) => void;
  onKey: (key: string) => void; onRemove: () => void;
};

function Subtask({ plan, index, errors, onChange, onKey, onRemove }: SubtaskProps) {
  const { t } = useTranslation('new-task');
  const subtask = plan[index];
  if (!subtask) return null;
  const error = (field: string) => errors[`plan.${index}.${field}`] ?? Object.entries(errors).find(([name]) => name.startsWith(`plan.${index}.${field}.`))?.[1];
  const others = plan.filter((_, at) => at !== index).map(({ key }) => key);
  return (
    <Card sx={{ p: 2 }} role="group" aria-label={t('subtask', { key: subtask.key })}>
      <Stack direction="row" sx={{ alignItems: 'center', justifyContent: 'space-between', mb: 1.5 }}>
        <Typography variant="h3" component="h2" sx={{ overflowWrap: 'anywhere' }}>{t('subtask', { key: subtask.key })}</Typography>
        <Tooltip title={t('removeSubtask', { key: subtask.key })}>
          <IconButton aria-label={t('removeSubtask', { key: subtask.key })} onClick={onRemove}><RemoveIcon /></IconButton>
        </Tooltip>
      </Stack>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: '1fr', sm: '1fr 1fr' }, alignItems: 'start' }}>
        <TextField label={t('key')} value={subtask.key} error={error('key') !== undefined} helperText={error('key') ?? t('keyHelp')}
          onChange={(event) => onKey(event.target.value)} slotProps={{ htmlInput: { maxLength: 40, spellCheck: false } }} />
        <AgentField label={t('agent')} value={subtask.agent ?? 'analyst'} error={error('agent')} onChange={(agent) => onChange({ agent })} />
        <TextField sx={{ gridColumn: '1 / -1' }} multiline minRows={2} maxRows={12} required label={t('instruction')} value={subtask.instruction}
          error={error('instruction') !== undefined} helperText={error('instruction') ?? t('instructionHelp')}
          onChange={(event) => onChange({ instruction: event.target.value })} slotProps={{ htmlInput: { maxLength: 20_000 } }} />
        <Autocomplete sx={{ gridColumn: '1 / -1' }} multiple options={others} value={subtask.depends_on ?? []} noOptionsText={t('noOthers')}
          onChange={(_, depends_on) => onChange({ depends_on })}
          renderInput={(params) => <TextField {...params} label={t('dependsOn')} error={error('depends_on') !== undefined} helperText={error('depends_on') ?? t('dependsOnHelp')} />} />
        <FormControlLabel sx={{ gridColumn: '1 / -1' }} label={t('decompose')}
          control={<Checkbox checked={subtask.decompose ?? false} onChange={(event) => onChange({ decompose: event.target.checked })} />} />
      </Box>
    </Card>
  );
}

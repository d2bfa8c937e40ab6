import ExpandIcon from '@mui/icons-material/ExpandMore';
import Accordion from '@mui/material/Accordion';
import AccordionDetails from '@mui/material/AccordionDetails';
import AccordionSummary from '@mui/material/AccordionSummary';
import Box from '@mui/material/Box';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { MONO } from '../../app/theme';
import { changedOptions, type Errors, type TaskForm } from './form';
import { GroupsField } from './GroupsField';
import { ImagesField } from './ImagesField';
import { ModelsField } from './ModelField';

type Props = { form: TaskForm; errors: Errors; sharing: boolean; onChange: (changes: Partial<TaskForm>) => void };

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box component="section" sx={{ '& + &': { mt: 3 } }}>
      <Typography variant="h3" sx={{ mb: 1.5 }}>{title}</Typography>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: '1fr', sm: '1fr 1fr' }, alignItems: 'start' }}>{children}</Box>
    </Box>
  );
}

type Choice = { label: string; help: string; value: string | number; options: readonly (readonly [string | number, string])[]; onChange: (value: string) => void };

function Select({ label, help, value, options, onChange }: Choice) {
  return (
    <TextField select label={label} helperText={help} value={value} onChange={(event) => onChange(event.target.value)}
      slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}>
      {options.map(([key, text]) => <MenuItem key={key} value={key}>{text}</MenuItem>)}
    </TextField>
  );
}

const WIDE = { gridColumn: '1 / -1' } as const;

/** Everything about a task that most tasks leave as it is, folded under one line that says what was changed. */
export function Options({ form, errors, sharing, onChange }: Props) {
  const { t } = useTranslation('new-task');
  const changed = changedOptions(form);
  const number = (field: 'tokens' | 'calls' | 'turns' | 'outputTokens' | 'retries', error: string) => (
    <TextField label={t(field)} value={form[field]} error={errors[error] !== undefined} helperText={errors[error] ?? t(`${field}Help`)}
      onChange={(event) => onChange({ [field]: event.target.value })} slotProps={{ htmlInput: { inputMode: 'numeric' } }} />
  );
  return (
    <Accordion variant="outlined" disableGutters sx={{ borderRadius: 1, '&::before': { display: 'none' } }} slotProps={{ heading: { component: 'h2' }, transition: { unmountOnExit: true } }}>
      <AccordionSummary expandIcon={<ExpandIcon />}>
        <Box>
          <Typography variant="subtitle1" component="span">{t('options')}</Typography>
          <Typography variant="caption" color="textSecondary" component="div">
            {changed.length > 0 ? t('changed', { names: changed.map((name) => t(name)).join(', ') }) : t('unchanged')}
          </Typography>
        </Box>
      </AccordionSummary>
      <AccordionDetails sx={{ pt: 0 }}>
        <Section title={t('sections.what')}>
          <TextField label={t('title')} value={form.title} error={errors.title !== undefined} helperText={errors.title ?? t('titleHelp')}
            onChange={(event) => onChange({ title: event.target.value })} slotProps={{ htmlInput: { maxLength: 120 } }} />
          <Select label={t('priority')} help={t('priorityHelp')} value={form.priority} onChange={(value) => onChange({ priority: Number(value) })}
            options={[1, 2, 3, 4, 5].map((value) => [value, t(`priorities.${value}`)])} />
          <Box sx={WIDE}><ImagesField value={form.images} error={errors.images} onChange={(images) => onChange({ images })} /></Box>
          {sharing && <Box sx={WIDE}><GroupsField value={form.groups} onChange={(groups) => onChange({ groups })} /></Box>}
        </Section>
        <Section title={t('sections.limits')}>
          {number('tokens', 'budget.max_tokens')}
          {number('calls', 'budget.max_model_calls')}
          {number('turns', 'limits.max_turns')}
          {number('outputTokens', 'limits.max_output_tokens')}
        </Section>
        <Section title={t('sections.failures')}>
          <Box sx={WIDE}>
            <ModelsField label={t('fallbacks')} help={t('fallbacksHelp')} error={errors.fallbacks} value={form.fallbacks} max={5} onChange={(fallbacks) => onChange({ fallbacks })} />
          </Box>
          <Select label={t('onFailure')} help={t(`onFailureHelp.${form.onFailure}`)} value={form.onFailure} onChange={(value) => onChange({ onFailure: value as TaskForm['onFailure'] })}
            options={(['fail', 'skip', 'retry'] as const).map((value) => [value, t(`onFailures.${value}`)])} />
          {form.onFailure === 'retry' && number('retries', 'max_retries')}
          <Select label={t('onTruncated')} help={t(`onTruncatedHelp.${form.onTruncated}`)} value={form.onTruncated} onChange={(value) => onChange({ onTruncated: value as TaskForm['onTruncated'] })}
            options={(['continue', 'accept', 'fail'] as const).map((value) => [value, t(`onTruncateds.${value}`)])} />
          <Select label={t('subtasks')} help={t('subtasksHelp')} value={form.subtasks} onChange={(value) => onChange({ subtasks: value as TaskForm['subtasks'] })}
            options={[['', t('subtasksModes.default')], ['child', t('subtasksModes.child')], ['inline', t('subtasksModes.inline')]]} />
        </Section>
        <Section title={t('sections.answer')}>
          <TextField sx={WIDE} multiline minRows={3} maxRows={16} label={t('schema')} value={form.schema} error={errors.output_schema !== undefined}
            helperText={errors.output_schema ?? t('schemaHelp')} onChange={(event) => onChange({ schema: event.target.value })}
            slotProps={{ htmlInput: { spellCheck: false }, input: { sx: { fontFamily: MONO, fontSize: '0.8125rem' } } }} />
        </Section>
      </AccordionDetails>
    </Accordion>
  );
}

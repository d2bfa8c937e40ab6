import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { addWords } from '../../app/words';
import { Choose } from '../../parts/Choose';
import { Panel } from '../../parts/Panel';
import modelTexts from '../../words/new-task';
import { ModelField, ModelsField } from '../new-task/ModelField';
import { type Draft, type Faults, LIMITS } from './draft';
import { PromptField } from './PromptField';
import { ToolsField } from './ToolsField';

addWords('new-task', modelTexts);

const EFFORTS = ['', 'none', 'low', 'medium', 'high'] as const;
const ROW = { flexWrap: 'wrap' } as const;

type Props = { draft: Draft; faults: Faults; refused: Record<string, string>; onChange: (draft: Draft) => void };

/** Every field of an agent. `refused` holds the API's messages, by field. */
export function AgentFields({ draft, faults, refused, onChange }: Props) {
  const { t } = useTranslation('agents');
  const set = (changes: Partial<Draft>) => onChange({ ...draft, ...changes });
  const fault = (name: keyof Faults, field: string = name) => (faults[name] !== undefined ? t(faults[name]) : refused[field]);
  const help = (text: string | undefined, hint?: string) => ({ error: text !== undefined, helperText: text ?? hint });
  const refusedModel = refused.model;
  const refusedFallbacks = Object.entries(refused).find(([field]) => field.startsWith('fallbacks'))?.[1];
  const refusedTools = Object.entries(refused).find(([field]) => field.startsWith('tools'))?.[1];
  const fields = { turns: 'limits.max_turns', toolCalls: 'limits.max_tool_calls', seconds: 'limits.max_seconds', identical: 'limits.max_identical_calls' } as const;
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('identity')}>
        <Stack direction="row" spacing={2} useFlexGap sx={ROW}>
          <TextField label={t('name')} required value={draft.name} onChange={(event) => set({ name: event.target.value })} sx={{ flex: '1 1 240px' }} {...help(fault('name'), t('nameHint'))} />
          <TextField label={t('role')} value={draft.role} onChange={(event) => set({ role: event.target.value })} sx={{ flex: '1 1 160px' }} slotProps={{ htmlInput: { maxLength: 40 } }} {...help(refused.role, t('roleHint'))} />
        </Stack>
        <TextField label={t('description')} value={draft.description} onChange={(event) => set({ description: event.target.value })} multiline slotProps={{ htmlInput: { maxLength: 500 } }} {...help(refused.description, t('descriptionHint'))} />
      </Panel>
      <Panel title={t('prompt')}>
        <PromptField value={draft.prompt} model={draft.model} error={fault('prompt')} onChange={(prompt) => set({ prompt })} />
      </Panel>
      <Panel title={t('toolsTitle')} about={t('toolsAbout')}>
        <ToolsField value={draft.tools} error={refusedTools} onChange={(tools) => set({ tools })} />
      </Panel>
      <Panel title={t('model')}>
        <ModelField label={t('model')} help={t('modelHint')} {...(refusedModel !== undefined && { error: refusedModel })} value={draft.model ?? ''} onChange={(model) => set({ model: model || null })} />
        <ModelsField label={t('fallbacks')} help={t('fallbacksHint')} {...(refusedFallbacks !== undefined && { error: refusedFallbacks })} max={5} value={draft.fallbacks} onChange={(fallbacks) => set({ fallbacks })} />
        <Stack direction="row" spacing={2} useFlexGap sx={ROW}>
          <TextField label={t('temperature')} value={draft.temperature} onChange={(event) => set({ temperature: event.target.value })} slotProps={{ htmlInput: { inputMode: 'decimal' } }} {...help(fault('temperature'), t('temperatureHint'))} />
          <Choose label={t('effort')} width={220} value={draft.effort} onChange={(effort) => set({ effort })} options={EFFORTS.map((each) => [each, t(`efforts.${each === '' ? 'default' : each}`)] as const)} />
          <TextField label={t('output')} value={draft.output} onChange={(event) => set({ output: event.target.value })} slotProps={{ htmlInput: { inputMode: 'numeric' } }} {...help(fault('output', 'max_output_tokens'))} />
        </Stack>
      </Panel>
      <Panel title={t('limits')} about={t('limitsAbout')}>
        <Stack direction="row" spacing={2} useFlexGap sx={ROW}>
          {LIMITS.map((limit) => (
            <TextField key={limit} label={t(limit)} value={draft.limits[limit]} onChange={(event) => set({ limits: { ...draft.limits, [limit]: event.target.value } })} sx={{ width: 170 }} slotProps={{ htmlInput: { inputMode: 'numeric' } }} {...help(fault(limit, fields[limit]))} />
          ))}
          <TextField label={t('cost')} value={draft.cost} onChange={(event) => set({ cost: event.target.value })} sx={{ width: 170 }} slotProps={{ htmlInput: { inputMode: 'decimal' } }} {...help(fault('cost', 'limits.max_cost_micro_usd'))} />
        </Stack>
      </Panel>
      <Panel title={t('schema')} about={t('schemaAbout')}>
        <TextField label={t('schemaLabel')} multiline minRows={3} maxRows={20} value={draft.schema} onChange={(event) => set({ schema: event.target.value })} slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: 'monospace' } } }} {...help(fault('schema', 'output_schema'))} />
      </Panel>
    </Stack>
  );
}

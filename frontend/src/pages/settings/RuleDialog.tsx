import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import FormControlLabel from '@mui/material/FormControlLabel';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PolicyRule } from '../../api';
import { Choose } from '../../parts/Choose';
import { FormDialog } from '../../parts/FormDialog';
import { ApprovalFields } from './ApprovalFields';

type Props = { rule: PolicyRule; isNew: boolean; byUser: boolean; onDone: (rule: PolicyRule) => void; onClose: () => void };

const VERDICTS = ['allow', 'ask', 'deny'] as const;

/** Edits one rule. What doesn't apply to its verdict is left out of the result. */
export function RuleDialog({ rule, isNew, byUser, onDone, onClose }: Props) {
  const { t } = useTranslation('settings');
  const [changed, setChanged] = useState(rule);
  const [pairs, setPairs] = useState<readonly (readonly [string, string])[]>(Object.entries(rule.arguments ?? {}));
  const set = (part: Partial<PolicyRule>) => setChanged({ ...changed, ...part });
  const setPair = (index: number, pair: readonly [string, string]) => setPairs(pairs.map((each, at) => (at === index ? pair : each)));
  const done = () => {
    const { after_untrusted: untrusted, approval, ...rest } = changed;
    onDone({
      ...rest,
      tool: rest.tool?.trim() || '*', agent: rest.agent?.trim() || '*', user: rest.user?.trim() || '*',
      arguments: Object.fromEntries(pairs.filter(([name]) => name.trim() !== '')),
      ...(rest.verdict === 'allow' ? { after_untrusted: untrusted ?? false } : {}),
      ...(rest.verdict === 'ask' && approval ? { approval } : {}),
    });
  };
  return (
    <FormDialog title={t(isNew ? 'addRule' : 'editRule')} about={t('patternHint')} submit={t(isNew ? 'add' : 'apply')} onSubmit={done} onClose={onClose}>
      <Choose
        label={t('verdict')} value={changed.verdict} width={260}
        onChange={(value) => set({ verdict: VERDICTS.find((each) => each === value) ?? 'ask' })}
        options={VERDICTS.map((each) => [each, t(`verdicts.${each}`)] as const)}
      />
      <TextField label={t('tool')} value={changed.tool ?? ''} placeholder="github__*" onChange={(event) => set({ tool: event.target.value })} helperText={t('toolHint')} autoFocus />
      <TextField label={t('agent')} value={changed.agent ?? ''} placeholder="*" onChange={(event) => set({ agent: event.target.value })} helperText={t('agentHint')} />
      {byUser && <TextField label={t('user')} value={changed.user ?? ''} placeholder="*@example.com" onChange={(event) => set({ user: event.target.value })} helperText={t('userHint')} />}
      {pairs.map(([name, pattern], index) => (
        <Stack key={index} direction="row" spacing={1} sx={{ alignItems: 'center' }}>
          <TextField label={t('argument')} value={name} onChange={(event) => setPair(index, [event.target.value, pattern])} />
          <TextField label={t('pattern')} value={pattern} onChange={(event) => setPair(index, [name, event.target.value])} sx={{ flexGrow: 1 }} />
          <IconButton aria-label={t('removeArgument', { number: index + 1 })} onClick={() => setPairs(pairs.filter((_, at) => at !== index))}><DeleteIcon /></IconButton>
        </Stack>
      ))}
      <div><Button onClick={() => setPairs([...pairs, ['', '']])}>{t('addArgument')}</Button></div>
      {changed.verdict === 'allow' && (
        <FormControlLabel control={<Checkbox checked={changed.after_untrusted ?? false} onChange={(_, on) => set({ after_untrusted: on })} />} label={t('alsoUntrustedLong')} />
      )}
      {changed.verdict === 'ask' && <ApprovalFields terms={changed.approval ?? {}} onChange={(approval) => set({ approval })} />}
      <TextField label={t('reason')} value={changed.reason ?? ''} onChange={(event) => set({ reason: event.target.value })} helperText={t(changed.verdict === 'deny' ? 'reasonDeny' : 'reasonAsk')} multiline maxRows={4} />
    </FormDialog>
  );
}

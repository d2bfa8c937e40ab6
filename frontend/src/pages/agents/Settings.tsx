import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { AgentView } from '../../api';
import { CodeBlock } from '../../parts/CodeBlock';
import { Figure } from '../../parts/Figure';
import { money } from '../../parts/Money';
import { Panel } from '../../parts/Panel';
import { ToolsField } from './ToolsField';

/** What an agent is made of, to read. */
export function Settings({ agent }: { agent: AgentView }) {
  const { t } = useTranslation(['agents', 'common']);
  const limits = agent.limits ?? {};
  const figures: [string, string | number | null | undefined][] = [
    [t('role'), agent.role], [t('model'), agent.model ?? t('taskModel')], [t('fallbacks'), agent.fallbacks?.join(', ')], [t('temperature'), agent.temperature],
    [t('effort'), agent.reasoning_effort && t(`efforts.${agent.reasoning_effort}`)], [t('output'), agent.max_output_tokens],
    [t('turns'), limits.max_turns], [t('toolCalls'), limits.max_tool_calls], [t('seconds'), limits.max_seconds], [t('identical'), limits.max_identical_calls],
    [t('cost'), limits.max_cost_micro_usd == null ? null : money(limits.max_cost_micro_usd)],
  ];
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('settings')}>
        <Stack direction="row" spacing={3} useFlexGap sx={{ flexWrap: 'wrap' }}>
          {figures.filter(([, value]) => value != null && value !== '').map(([name, value]) => <Figure key={name} name={name}>{value}</Figure>)}
        </Stack>
      </Panel>
      <Panel title={t('prompt')}>
        <Typography variant="body2" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{agent.prompt}</Typography>
      </Panel>
      <Panel title={t('toolsTitle')}>
        <ToolsField value={agent.tools} readOnly />
      </Panel>
      {agent.output_schema && <Panel title={t('schema')}><CodeBlock text={JSON.stringify(agent.output_schema, null, 2)} label={t('schemaLabel')} /></Panel>}
    </Stack>
  );
}

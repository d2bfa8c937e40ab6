import Alert from '@mui/material/Alert';
import Autocomplete from '@mui/material/Autocomplete';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useListAgentsQuery, useListToolsQuery, useTestPolicyMutation } from '../../api';
import { MONO } from '../../app/theme';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { useFilters } from '../../parts/useFilters';
import { Verdict } from './Ruling';

/** Return the arguments, or undefined if the text isn't a JSON object. */
function argumentsIn(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Shows which saved rule would decide about a call. Nothing runs. */
export function TryCall() {
  const { t } = useTranslation('settings');
  const { get } = useFilters();
  const { data: tools } = useListToolsQuery({ limit: 100 });
  const { data: agents } = useListAgentsQuery({ limit: 100 });
  const [test, { data, error, isLoading, reset }] = useTestPolicyMutation();
  const [tool, setTool] = useState(get('tool'));
  const [agent, setAgent] = useState('');
  const [text, setText] = useState('');
  const [untrusted, setUntrusted] = useState(false);
  const [tried, setTried] = useState(false);
  const values = argumentsIn(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (values === undefined || tool.trim() === '') return reset();
    void test({ policyTest: { tool: tool.trim(), arguments: values, after_untrusted: untrusted, ...(agent ? { agent } : {}) } });
  };
  return (
    <Panel title={t('tryTitle')} about={t('tryAbout')}>
      <Stack component="form" spacing={2} noValidate onSubmit={submit}>
        <Stack direction={{ xs: 'column', sm: 'row' }} spacing={2}>
          <Autocomplete freeSolo fullWidth options={tools?.items.map(({ name }) => name) ?? []} inputValue={tool} onInputChange={(_, value) => setTool(value)} renderInput={(params) => <TextField {...params} label={t('tool')} required />} />
          <Autocomplete freeSolo fullWidth options={agents?.items.map(({ name }) => name) ?? []} inputValue={agent} onInputChange={(_, value) => setAgent(value)} renderInput={(params) => <TextField {...params} label={t('agentOptional')} />} />
        </Stack>
        <TextField
          label={t('argumentsJson')} value={text} onChange={(event) => setText(event.target.value)} multiline minRows={2} maxRows={8} placeholder='{"method": "GET"}'
          error={tried && values === undefined} helperText={tried && values === undefined ? t('argumentsInvalid') : undefined} slotProps={{ htmlInput: { style: { fontFamily: MONO, fontSize: '0.8125rem' } } }}
        />
        <FormControlLabel control={<Checkbox checked={untrusted} onChange={(_, on) => setUntrusted(on)} />} label={t('afterReading')} />
        <div><Button type="submit" variant="outlined" disabled={isLoading || tool.trim() === ''}>{t('tryButton')}</Button></div>
      </Stack>
      <div aria-live="polite">
        {error !== undefined && <Problem error={error} compact />}
        {data && (
          <Alert severity="info" variant="outlined" icon={false}>
            <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
              <Verdict verdict={data.verdict} />
              <span>{t(`decidedBy.${data.decided_by}`, { position: (data.rule ?? 0) + 1 })}</span>
            </Stack>
            {data.reason && <Typography variant="body2">{data.reason}</Typography>}
            {!data.known && <Typography variant="body2">{t('unknownTool')}</Typography>}
            {data.verdict === 'ask' && <Typography variant="body2">{data.approval?.approvers && data.approval.approvers.length > 0 ? t('decidedByThese', { who: data.approval.approvers.join(', ') }) : t('decidedByOwner')}</Typography>}
          </Alert>
        )}
      </div>
    </Panel>
  );
}

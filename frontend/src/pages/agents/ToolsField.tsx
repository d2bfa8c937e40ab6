import Alert from '@mui/material/Alert';
import Autocomplete from '@mui/material/Autocomplete';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { type ToolView, useListToolsQuery } from '../../api';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';

const MOST = 32;

function About({ tool }: { tool: ToolView }) {
  const { t } = useTranslation('agents');
  return (
    <div>
      <Typography variant="body2" sx={{ fontWeight: 600 }}>{tool.name}</Typography>
      <Typography variant="body2">{tool.description}</Typography>
      <Typography variant="caption" color={tool.status === 'active' ? 'textSecondary' : 'warning'}>
        {tool.status === 'active' ? `${t(`verdicts.${tool.ruling.verdict}`)} · ${tool.ruling.reason}` : t(tool.status === 'gone' ? 'toolUnknown' : 'toolChanged')}
      </Typography>
    </div>
  );
}

type Props = { value: string[]; error?: string | undefined; readOnly?: boolean; onChange?: (tools: string[]) => void };

/** The agent's tools, each with the rule for its calls. Tools that are gone are flagged. */
export function ToolsField({ value, error, readOnly = false, onChange }: Props) {
  const { t } = useTranslation('agents');
  const { data, error: failure, refetch } = useListToolsQuery({ limit: 100 });
  const known = new Map(data?.items.map((tool) => [tool.name, tool]));
  const rest = (data?.items ?? []).filter(({ name, status }) => status !== 'gone' && !value.includes(name));
  // With more pages, a tool that isn't on the first one may still exist.
  const complete = data !== undefined && !data.next_cursor;
  return (
    <Stack spacing={1}>
      {failure !== undefined && <Problem error={failure} compact onRetry={() => void refetch()} />}
      {!readOnly && (
        <Autocomplete options={rest} value={null} blurOnSelect clearOnBlur disabled={value.length >= MOST} getOptionLabel={({ name }) => name}
          filterOptions={(tools, { inputValue }) => tools.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(inputValue.toLowerCase()))}
          onChange={(_, tool) => tool && onChange?.([...value, tool.name])}
          renderOption={({ key, ...props }, tool) => <li key={key} {...props}><About tool={tool} /></li>}
          renderInput={(params) => <TextField {...params} label={t('toolsPick')} error={error !== undefined} helperText={error} />} />
      )}
      {value.length === 0 && <Typography variant="body2" color="textSecondary">{t('noTools')}</Typography>}
      <Rows>
        {value.map((name) => {
          const tool = known.get(name);
          return (
            <Row key={name} action={!readOnly && <Button size="small" aria-label={t('toolRemove', { name })} onClick={() => onChange?.(value.filter((each) => each !== name))}>{t('takeOut')}</Button>}>
              {tool ? <About tool={tool} /> : <Typography variant="body2" sx={{ fontWeight: 600 }}>{name}</Typography>}
              {!tool && complete && <Alert severity="warning" variant="outlined" sx={{ mt: 0.5 }}>{t('toolUnknown')}</Alert>}
            </Row>
          );
        })}
      </Rows>
    </Stack>
  );
}

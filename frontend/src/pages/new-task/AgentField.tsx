import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { useAgents } from './useAgents';

type Props = { label: string; value: string; error: string | undefined; onChange: (agent: string) => void };

/** Chooses an agent among the built-in ones, one's own and those shared by others. */
export function AgentField({ label, value, error, onChange }: Props) {
  const { t } = useTranslation('new-task');
  const { agents } = useAgents();
  const known = agents.some((agent) => agent.value === value);
  const chosen = agents.find((agent) => agent.value === value);
  return (
    <TextField
      select
      label={label}
      value={value}
      error={error !== undefined}
      helperText={error ?? chosen?.about}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ select: { renderValue: (name) => agents.find((agent) => agent.value === name)?.name ?? String(name) } }}
    >
      {!known && <MenuItem value={value}>{value}</MenuItem>}
      {agents.map((agent) => (
        <MenuItem key={agent.value} value={agent.value}>
          <Stack sx={{ whiteSpace: 'normal', maxWidth: 480 }}>
            <span>{agent.shared ? t('sharedAgent', { name: agent.name }) : agent.name}</span>
            <Typography variant="caption" color="textSecondary">{agent.about}</Typography>
          </Stack>
        </MenuItem>
      ))}
    </TextField>
  );
}

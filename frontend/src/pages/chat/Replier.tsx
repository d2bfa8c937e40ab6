import Autocomplete from '@mui/material/Autocomplete';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { useRepliers } from './useRepliers';

type Who = { agent: string; model: string };
type Props = Who & { onChange: (who: Who) => void; wide?: boolean };

/** Who replies: an agent or a model alone. Empty texts stand for the defaults. */
export function Replier({ agent, model, onChange, wide = false }: Props) {
  const { t } = useTranslation('chat');
  const { agents, models } = useRepliers();
  const names = new Map(agents.map((each) => [each.right ? (each.id ?? each.name) : each.name, each]));
  if (agent && !names.has(agent)) names.set(agent, { name: agent } as never);
  const width = wide ? '100%' : { xs: '100%', sm: 200 };
  return (
    <Stack direction={wide ? 'column' : { xs: 'column', sm: 'row' }} spacing={wide ? 2 : 1} sx={{ flexGrow: wide ? 1 : 0, width: wide ? '100%' : { xs: '100%', sm: 'auto' } }}>
      <Autocomplete
        size="small"
        options={[...names.keys()]}
        value={agent || null}
        onChange={(_, value) => onChange({ agent: value ?? '', model })}
        getOptionLabel={(key) => names.get(key)?.name ?? key}
        renderInput={(props) => <TextField {...props} label={t('start.agent')} placeholder={t('start.noAgent')} slotProps={{ ...props.slotProps, inputLabel: { ...props.slotProps.inputLabel, shrink: true } }} />}
        sx={{ width }}
      />
      <Autocomplete
        size="small"
        options={model && !models.includes(model) ? [model, ...models] : models}
        value={model || null}
        onChange={(_, value) => onChange({ agent, model: value ?? '' })}
        renderInput={(props) => <TextField {...props} label={t('start.model')} placeholder={t(agent && names.get(agent)?.model ? 'start.agentsModel' : 'start.defaultModel')} slotProps={{ ...props.slotProps, inputLabel: { ...props.slotProps.inputLabel, shrink: true } }} />}
        sx={{ width }}
      />
    </Stack>
  );
}

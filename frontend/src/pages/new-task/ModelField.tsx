import Autocomplete from '@mui/material/Autocomplete';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { useListModelsQuery, type ModelView } from '../../api';
import { money } from '../../parts/Money';
import { Simulated } from '../../parts/Simulated';

/** Usable models first within each provider; providers in alphabetical order, so that each forms one group. */
function sorted(models: readonly ModelView[]): ModelView[] {
  return [...models].sort(
    (a, b) => a.provider.localeCompare(b.provider) || Number(b.usable) - Number(a.usable) || a.model.localeCompare(b.model),
  );
}

function Row({ model }: { model: ModelView }) {
  const { t } = useTranslation('new-task');
  const price = model.price ? t('price', { input: money(model.price.input), output: money(model.price.output) }) : t('noPrice');
  return (
    <Stack sx={{ minWidth: 0, width: 1 }}>
      <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
        <Typography variant="body2" sx={{ overflowWrap: 'anywhere' }}>{model.model.slice(model.provider.length + 1)}</Typography>
        {model.simulated && <Simulated />}
      </Stack>
      <Typography variant="caption" color="textSecondary">
        {model.usable ? price : model.advice || t('unusable')}
      </Typography>
    </Stack>
  );
}

type Common = { label: string; help: string | undefined; error?: string };
type One = Common & { value: string; onChange: (model: string) => void };
type Many = Common & { value: readonly string[]; max: number; onChange: (models: string[]) => void };

function useChoices() {
  const { t } = useTranslation(['new-task', 'common']);
  const { data, isLoading } = useListModelsQuery();
  const models = sorted(data?.models ?? []);
  const byName = new Map(models.map((model) => [model.model, model]));
  const shared = {
    options: models.map(({ model }) => model),
    loading: isLoading,
    loadingText: t('common:loading'),
    groupBy: (name: string) => byName.get(name)?.provider ?? '',
    getOptionDisabled: (name: string) => byName.get(name)?.usable === false,
    renderOption: ({ key, ...props }: React.HTMLAttributes<HTMLLIElement> & { key?: React.Key }, name: string) => {
      const model = byName.get(name);
      return <li key={key} {...props}>{model ? <Row model={model} /> : name}</li>;
    },
    slotProps: { popper: { sx: { minWidth: 280 } } },
  };
  return { shared, byName };
}

/** Chooses a model. An empty value stands for the default. */
export function ModelField({ label, help, error, value, onChange }: One) {
  const { t } = useTranslation('new-task');
  const { shared, byName } = useChoices();
  const chosen = byName.get(value);
  const price = chosen?.price && t('price', { input: money(chosen.price.input), output: money(chosen.price.output) });
  return (
    <Autocomplete
      {...shared}
      value={value || null}
      onChange={(_, model) => onChange(model ?? '')}
      renderInput={(params) => (
        <TextField {...params} label={label} placeholder={t('defaultModel')} error={error !== undefined} helperText={error ?? price ?? help}
          slotProps={{ ...params.slotProps, inputLabel: { ...params.slotProps.inputLabel, shrink: true } }} />
      )}
    />
  );
}

/** Chooses several models, in the order in which they are tried. */
export function ModelsField({ label, help, error, value, max, onChange }: Many) {
  const { shared } = useChoices();
  return (
    <Autocomplete
      {...shared}
      multiple
      value={[...value]}
      getOptionDisabled={(name) => shared.getOptionDisabled(name) || (value.length >= max && !value.includes(name))}
      onChange={(_, models) => onChange(models)}
      renderInput={(params) => <TextField {...params} label={label} error={error !== undefined} helperText={error ?? help} />}
    />
  );
}

import Autocomplete from '@mui/material/Autocomplete';
import TextField from '@mui/material/TextField';
import { useListModelsQuery } from '../../../api';

type Props = { label: string; none: string; value: string; error?: string | undefined; onChange: (model: string) => void };

/** A model of the providers, or a name that is typed. An empty value stands for no choice. */
export function ModelChoice({ label, none, value, error, onChange }: Props) {
  const { data } = useListModelsQuery();
  return (
    <Autocomplete
      freeSolo options={data?.models.map(({ model }) => model) ?? []} inputValue={value} onInputChange={(_, model) => onChange(model.trim())}
      renderInput={(params) => (
        <TextField {...params} label={label} placeholder={none} error={error !== undefined} helperText={error} slotProps={{ ...params.slotProps, inputLabel: { ...params.slotProps.inputLabel, shrink: true } }} />
      )}
    />
  );
}

import Autocomplete from '@mui/material/Autocomplete';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { useListGroupsQuery } from '../../api';

type Props = { value: readonly string[]; onChange: (ids: string[]) => void };

/** Chooses groups whose members may see the task. */
export function GroupsField({ value, onChange }: Props) {
  const { t } = useTranslation('new-task');
  const { data } = useListGroupsQuery({ limit: 100 });
  const groups = (data?.items ?? []).filter(({ role }) => role !== null);
  const names = new Map(groups.map(({ id, name }) => [id, name]));
  return (
    <Autocomplete
      multiple
      options={groups.map(({ id }) => id)}
      value={[...value]}
      getOptionLabel={(id) => names.get(id) ?? id}
      getOptionKey={(id) => id}
      noOptionsText={t('noGroups')}
      onChange={(_, ids) => onChange(ids)}
      renderInput={(params) => <TextField {...params} label={t('groups')} helperText={t('groupsHelp')} />}
    />
  );
}

import Autocomplete from '@mui/material/Autocomplete';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { useListFilesQuery } from '../../api';

const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const MAX_IMAGES = 8;

type Props = { value: readonly string[]; error: string | undefined; onChange: (ids: string[]) => void };

/** Chooses images among one's files. */
export function ImagesField({ value, error, onChange }: Props) {
  const { t } = useTranslation('new-task');
  const { data } = useListFilesQuery({ limit: 100, shared: 'mine' });
  const images = (data?.items ?? []).filter(({ media_type }) => TYPES.has(media_type));
  const names = new Map(images.map(({ id, name }) => [id, name]));
  return (
    <Autocomplete
      multiple
      options={images.map(({ id }) => id)}
      value={[...value]}
      getOptionLabel={(id) => names.get(id) ?? id}
      getOptionKey={(id) => id}
      getOptionDisabled={(id) => value.length >= MAX_IMAGES && !value.includes(id)}
      noOptionsText={t('noImages')}
      onChange={(_, ids) => onChange(ids)}
      renderInput={(params) => <TextField {...params} label={t('images')} error={error !== undefined} helperText={error ?? t('imagesHelp', { max: MAX_IMAGES })} />}
    />
  );
}

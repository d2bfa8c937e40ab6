import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';

type Props = { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void; width?: number };

/** A select field of plain words. An empty value stands for no choice. */
export function Choose({ label, value, options, onChange, width = 170 }: Props) {
  return (
    <TextField
      select
      label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      sx={{ width }}
      slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
    >
      {options.map(([key, text]) => (
        <MenuItem key={key} value={key}>
          {text}
        </MenuItem>
      ))}
    </TextField>
  );
}

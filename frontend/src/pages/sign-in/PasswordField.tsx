import HideIcon from '@mui/icons-material/VisibilityOffOutlined';
import ShowIcon from '@mui/icons-material/VisibilityOutlined';
import IconButton from '@mui/material/IconButton';
import InputAdornment from '@mui/material/InputAdornment';
import TextField from '@mui/material/TextField';
import Tooltip from '@mui/material/Tooltip';
import { type KeyboardEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';

type Props = { label: string; value: string; onChange: (value: string) => void; isNew?: boolean; error?: string | undefined; hint?: string };

/** A password that can be shown, with a hint while Caps Lock is on. */
export function PasswordField({ label, value, onChange, isNew = false, error, hint }: Props) {
  const { t } = useTranslation('sign-in');
  const [shown, setShown] = useState(false);
  const [caps, setCaps] = useState(false);
  const look = (event: KeyboardEvent) => setCaps(event.getModifierState('CapsLock'));
  const toggle = t(shown ? 'hide' : 'show');
  return (
    <TextField
      label={label} type={shown ? 'text' : 'password'} value={value} onChange={(event) => onChange(event.target.value)} onKeyUp={look} onKeyDown={look} onBlur={() => setCaps(false)}
      autoComplete={isNew ? 'new-password' : 'current-password'} required error={Boolean(error)} helperText={error ?? (caps ? t('capsLock') : hint)}
      slotProps={{
        htmlInput: { autoCapitalize: 'none', spellCheck: false },
        input: {
          endAdornment: (
            <InputAdornment position="end">
              <Tooltip title={toggle}>
                <IconButton size="small" aria-label={toggle} onClick={() => setShown(!shown)}>{shown ? <HideIcon fontSize="small" /> : <ShowIcon fontSize="small" />}</IconButton>
              </Tooltip>
            </InputAdornment>
          ),
        },
      }}
    />
  );
}

import MenuItem from '@mui/material/MenuItem';
import Select from '@mui/material/Select';
import { useTranslation } from 'react-i18next';
import type { DoubleTexting } from '../../../api';

const CHOICES = ['queue', 'interrupt', 'rollback'] as const;

/** What happens to the reply that is being written when the next message is sent. */
export function Policy({ value, onChange }: { value: DoubleTexting; onChange: (value: DoubleTexting) => void }) {
  const { t } = useTranslation('chat');
  return (
    <Select
      variant="standard"
      disableUnderline
      value={value}
      onChange={(event) => onChange(event.target.value)}
      SelectDisplayProps={{ 'aria-label': t('composer.whileOpen') }}
      sx={{ fontSize: '0.8125rem', color: 'text.secondary', px: 1 }}
    >
      {CHOICES.map((each) => (
        <MenuItem key={each} value={each}>
          {t(`composer.${each}`)}
        </MenuItem>
      ))}
    </Select>
  );
}

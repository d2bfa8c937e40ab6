import Chip from '@mui/material/Chip';
import Tooltip from '@mui/material/Tooltip';
import { useTranslation } from 'react-i18next';

/** Marks an answer or a cost that the simulator made up. */
export function Simulated() {
  const { t } = useTranslation();
  return (
    <Tooltip title={t('simulatedHint')}>
      <Chip label={t('simulated')} size="small" variant="outlined" sx={{ height: 20, borderStyle: 'dashed' }} />
    </Tooltip>
  );
}

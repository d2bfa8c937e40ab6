import Dialog from '@mui/material/Dialog';
import { useTranslation } from 'react-i18next';
import { CommandList } from './CommandList';

/** Jump to any place, task, agent, chat or schedule by typing. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('shell');
  return (
    <Dialog open onClose={onClose} aria-label={t('search')} fullWidth maxWidth="sm" slotProps={{ container: { sx: { alignItems: 'flex-start', pt: '10vh' } } }}>
      <CommandList onClose={onClose} />
    </Dialog>
  );
}

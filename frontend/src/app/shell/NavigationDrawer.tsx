import Drawer from '@mui/material/Drawer';
import { Navigation } from './Navigation';

/** The navigation on narrow screens. */
export default function NavigationDrawer({ width, onClose }: { width: number; onClose: () => void }) {
  return (
    <Drawer open onClose={onClose} sx={{ display: { md: 'none' } }} slotProps={{ paper: { sx: { width } } }}>
      <Navigation onNavigate={onClose} />
    </Drawer>
  );
}

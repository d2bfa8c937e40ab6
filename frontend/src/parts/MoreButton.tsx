import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';

/** Loads the next page of a list. */
export function MoreButton({ busy, onMore }: { busy: boolean; onMore: () => void }) {
  const { t } = useTranslation();
  return (
    <Box sx={{ textAlign: 'center', py: 2 }}>
      <Button variant="outlined" disabled={busy} onClick={onMore}>
        {t('more')}
      </Button>
    </Box>
  );
}

import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import { useTranslation } from 'react-i18next';

/** What is shown until the first answer arrives. */
export function FirstScreen() {
  const { t } = useTranslation();
  return (
    <Box sx={{ minHeight: '100vh' }}>
      <LinearProgress aria-label={t('loading')} />
    </Box>
  );
}

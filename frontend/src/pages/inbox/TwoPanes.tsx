import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

type Props = { list: ReactNode; detail: ReactNode; back: string; opened: boolean };

/** A list beside its selected item; on a phone, one of the two. */
export function TwoPanes({ list, detail, back, opened }: Props) {
  const { t } = useTranslation('inbox');
  return (
    <Box sx={{ display: 'grid', gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(260px, 340px) minmax(0, 1fr)' }, gap: 2, alignItems: 'start', maxWidth: 1200 }}>
      <Box sx={{ display: { xs: opened ? 'none' : 'block', md: 'block' }, minWidth: 0 }}>{list}</Box>
      <Box sx={{ display: { xs: opened ? 'block' : 'none', md: 'block' }, minWidth: 0 }}>
        <Button component={Link} to={back} size="small" sx={{ display: { md: 'none' }, mb: 1 }}>{t('back')}</Button>
        {detail}
      </Box>
    </Box>
  );
}

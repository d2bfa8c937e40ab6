import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/sign-in';

addWords('sign-in', texts);

/** What surrounds the forms of visitors who aren't signed in. */
export function Frame({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  const { t } = useTranslation('sign-in');
  return (
    <Box component="main" sx={{ minHeight: '100vh', display: 'grid', alignContent: 'center', justifyItems: 'center', gap: 3, p: 2 }}>
      <Box sx={{ textAlign: 'center', maxWidth: 420 }}>
        <Typography sx={{ fontSize: '1.75rem', fontWeight: 700, letterSpacing: '-0.02em' }}>{t('product')}</Typography>
        <Typography color="textSecondary">{t('about')}</Typography>
      </Box>
      <Card sx={{ width: '100%', maxWidth: 420 }}>
        <CardContent sx={{ p: 3 }}>
          <PageHeader title={title} {...(about ? { about } : {})} />
          {children}
        </CardContent>
      </Card>
    </Box>
  );
}

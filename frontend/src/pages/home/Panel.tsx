import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';

type Props = { title: string; to?: string; empty?: string | false; children: ReactNode };

/** One question of the home page with its answer, and the way to the page that knows more. */
export function Panel({ title, to, empty = false, children }: Props) {
  const { t } = useTranslation('home');
  const id = useId();
  return (
    <Card component="section" aria-labelledby={id} sx={{ p: 2 }}>
      <Stack direction="row" sx={{ justifyContent: 'space-between', alignItems: 'baseline', mb: 1 }}>
        <Typography id={id} variant="h2">{title}</Typography>
        {to && <Link component={RouterLink} to={to} variant="body2" aria-label={`${t('seeAll')}: ${title}`}>{t('seeAll')}</Link>}
      </Stack>
      {empty ? <Typography variant="body2" color="textSecondary">{empty}</Typography> : children}
    </Card>
  );
}

/** Rows of a panel. */
export function Rows({ children }: { children: ReactNode }) {
  return <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, '& > li': { py: 1 }, '& > li + li': { borderTop: 1, borderColor: 'divider' } }}>{children}</Box>;
}

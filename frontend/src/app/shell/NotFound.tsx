import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState } from '../../parts/EmptyState';
import { useTitle } from '../hooks';

export function NotFound() {
  const { t } = useTranslation('shell');
  useTitle(t('notFound'));
  return (
    <EmptyState
      title={t('notFound')}
      hint={t('notFoundHint')}
      action={
        <Button component={Link} to="/" variant="contained">
          {t('goHome')}
        </Button>
      }
    />
  );
}

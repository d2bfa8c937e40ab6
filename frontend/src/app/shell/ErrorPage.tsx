import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../parts/EmptyState';

/** Whether a chunk is missing because a newer console was built since this one was loaded. */
function isOutdated(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|Importing a module script|Unable to preload/i.test(error.message);
}

/** What a page shows after a bug in it. Everything around it goes on working. */
export function ErrorPage({ error }: { error: unknown }) {
  const { t } = useTranslation('shell');
  const outdated = isOutdated(error);
  return (
    <EmptyState
      title={outdated ? t('outdated') : t('broken')}
      hint={outdated ? undefined : t('brokenHint')}
      action={
        <Button variant="contained" onClick={() => location.reload()}>
          {t('reload')}
        </Button>
      }
    />
  );
}

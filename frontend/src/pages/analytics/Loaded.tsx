import Button from '@mui/material/Button';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';

type Answer<Data> = { data?: Data; error?: unknown; refetch: () => unknown };

/** Shows figures once they are there, and says what is wrong or missing until then. */
export function Loaded<Data>({ answer, isEmpty, children }: { answer: Answer<Data>; isEmpty: (data: Data) => boolean; children: (data: Data) => ReactNode }) {
  const { t } = useTranslation('analytics');
  const { data, error, refetch } = answer;
  if (data === undefined && error !== undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading rows={3} height={120} />;
  if (!isEmpty(data)) return children(data);
  return <EmptyState title={t('nothing')} hint={t('nothingHint')} action={<Button component={Link} to="/tasks/new" variant="contained">{t('newTask')}</Button>} />;
}

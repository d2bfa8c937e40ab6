import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../parts/EmptyState';

export function NoEntries({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const { t } = useTranslation('logs');
  if (!filtered) return <EmptyState title={t('empty')} hint={t('emptyHint')} />;
  return <EmptyState title={t('none')} hint={t('noneHint')} action={<Button variant="outlined" onClick={onClear}>{t('clear')}</Button>} />;
}

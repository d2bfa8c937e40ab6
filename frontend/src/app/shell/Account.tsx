import AccountIcon from '@mui/icons-material/AccountCircleOutlined';
import IconButton from '@mui/material/IconButton';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';

const AccountMenu = lazy(() => import('./AccountMenu'));

/** The button of the user's menu. */
export function Account() {
  const { t } = useTranslation('shell');
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <IconButton aria-label={t('account')} aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)}>
        <AccountIcon />
      </IconButton>
      <Suspense>{anchor && <AccountMenu anchor={anchor} onClose={() => setAnchor(null)} />}</Suspense>
    </>
  );
}

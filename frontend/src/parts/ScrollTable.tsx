import Table from '@mui/material/Table';
import TableContainer from '@mui/material/TableContainer';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** A table that scrolls in its own box on narrow screens, reachable by the keyboard. */
export function ScrollTable({ label, children }: { label: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <TableContainer role="region" aria-label={t('tableOf', { name: label })} tabIndex={0} sx={{ border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
      <Table size="small">{children}</Table>
    </TableContainer>
  );
}

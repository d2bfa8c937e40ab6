import DownloadIcon from '@mui/icons-material/Download';
import Button from '@mui/material/Button';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { download } from '../../api/download';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import type { Period } from './period';

const CHOICES = [
  ['exportUsage', 'usage', 'csv'], ['exportCsv', 'calls', 'csv'], ['exportParquet', 'calls', 'parquet'], ['exportRuns', 'runs', 'csv'],
] as const;

/** Downloads of the period's figures. */
export function Export({ args }: { args: Period['args'] }) {
  const { t } = useTranslation('analytics');
  const dispatch = useAppDispatch();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = () => setAnchor(null);
  const save = async (what: string, format: string) => {
    close();
    const query = new URLSearchParams({ what, format, since: args.since, time_zone: args.timeZone, ...('userId' in args ? { user_id: String(args.userId) } : {}) });
    try {
      await download(`/api/v1/analytics/export?${query.toString()}`, `chimera-${what}.${format}`);
    } catch (error) {
      showToast(dispatch, error instanceof Error ? error.message : String(error), 'error');
    }
  };
  return (
    <>
      <Button variant="outlined" startIcon={<DownloadIcon />} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
        {t('export')}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {CHOICES.map(([name, what, format]) => (
          <MenuItem key={name} onClick={() => void save(what, format)}>
            {t(name)}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}

import CriticalIcon from '@mui/icons-material/ReportOutlined';
import ErrorIcon from '@mui/icons-material/ErrorOutlined';
import ExpandIcon from '@mui/icons-material/ExpandMore';
import InfoIcon from '@mui/icons-material/InfoOutlined';
import WarningIcon from '@mui/icons-material/WarningAmber';
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Json } from '../../parts/CodeBlock';
import { At } from '../../parts/When';

const LOOK = {
  info: [InfoIcon, 'text.secondary'], warning: [WarningIcon, 'warning.main'],
  error: [ErrorIcon, 'error.main'], critical: [CriticalIcon, 'error.main'],
} as const;

type Props = { at: string; level?: string; title: string; about?: string; requestId?: string | null; fields: Record<string, unknown> };

/** One entry of a log; its fields are shown on demand. */
export function LogRow({ at, level, title, about, requestId, fields }: Props) {
  const { t } = useTranslation('logs');
  const [open, setOpen] = useState(false);
  const id = useId();
  const [Icon, color] = LOOK[(level ?? 'info') as keyof typeof LOOK] ?? LOOK.info;
  return (
    <Box component="li" sx={{ px: 2, py: 1, '&:not(:last-of-type)': { borderBottom: 1, borderColor: 'divider' } }}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: { xs: 'wrap', md: 'nowrap' } }}>
        {level && <Icon fontSize="small" sx={{ color }} titleAccess={t(`levels.${level}`, { defaultValue: level })} />}
        <Typography variant="caption" color="textSecondary" sx={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
          <At at={at} seconds />
        </Typography>
        <Typography variant="body2" sx={{ flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere', fontWeight: 500 }}>
          {title}
        </Typography>
        {about && (
          <Typography variant="caption" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>
            {about}
          </Typography>
        )}
        <IconButton size="small" aria-expanded={open} aria-controls={id} aria-label={`${open ? t('shut') : t('open')}: ${title}`} onClick={() => setOpen(!open)}>
          <ExpandIcon sx={{ transform: open ? 'rotate(180deg)' : undefined }} />
        </IconButton>
      </Stack>
      <div id={id}>
        {open && (
          <>
            {requestId && <Typography variant="caption" color="textSecondary">{t('requestId', { id: requestId })}</Typography>}
            <Json value={fields} label={t('fields', { event: title })} />
          </>
        )}
      </div>
    </Box>
  );
}

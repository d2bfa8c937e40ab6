import BackIcon from '@mui/icons-material/ChevronLeft';
import NextIcon from '@mui/icons-material/ChevronRight';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { ChatMessageView } from '../../../api';

type Props = { message: ChatMessageView; disabled?: boolean; onChoose: (id: string) => void };

/** Leads from one version of a message to the others, such as ‹ 2/3 ›. */
export function Branches({ message, disabled = false, onChoose }: Props) {
  const { t } = useTranslation('chat');
  const { sibling, siblings, previous_sibling_id: previous, next_sibling_id: next } = message;
  if (siblings < 2) return null;
  return (
    <Stack direction="row" role="group" aria-label={t('message.version', { at: sibling, of: siblings })} sx={{ alignItems: 'center' }}>
      <IconButton size="small" aria-label={t('message.previous')} disabled={disabled || !previous} onClick={() => previous && onChoose(previous)}>
        <BackIcon fontSize="inherit" />
      </IconButton>
      <Typography variant="caption" aria-hidden color="textSecondary" sx={{ fontVariantNumeric: 'tabular-nums' }}>
        {`${sibling}/${siblings}`}
      </Typography>
      <IconButton size="small" aria-label={t('message.next')} disabled={disabled || !next} onClick={() => next && onChoose(next)}>
        <NextIcon fontSize="inherit" />
      </IconButton>
    </Stack>
  );
}

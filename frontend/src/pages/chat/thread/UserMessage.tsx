import EditIcon from '@mui/icons-material/EditOutlined';
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChatMessageView } from '../../../api';
import { CopyButton } from '../../../parts/CopyButton';
import { Action } from './Action';
import { Attachments } from './Attachments';
import { Branches } from './Branches';
import { useActions } from './useActions';

/** A message of the user, as it was typed. */
export const UserMessage = memo(function UserMessage({ message }: { message: ChatMessageView }) {
  const { t } = useTranslation('chat');
  const actions = useActions();
  return (
    <Box sx={{ display: 'flex', flexDirection: 'column', alignItems: 'flex-end', pl: { xs: 3, sm: 8 } }}>
      <Attachments files={message.attachments ?? []} />
      <Bubble text={message.text ?? ''} />
      <Stack direction="row" sx={{ alignItems: 'center', minHeight: 32, '& .MuiIconButton-root:not(.Mui-disabled)': { color: 'text.secondary' } }}>
        <Branches message={message} disabled={!actions.canWrite} onChoose={actions.choose} />
        {actions.canWrite && <Action label={t('message.edit')} Icon={EditIcon} onClick={() => actions.edit(message)} />}
        <CopyButton text={message.text ?? ''} label={t('message.copy')} />
      </Stack>
    </Box>
  );
});

/** The text of the user, which is never read as Markdown. */
export function Bubble({ text, faded = false }: { text: string; faded?: boolean }) {
  return (
    <Box sx={{ bgcolor: 'primary.light', px: 2, py: 1.25, borderRadius: 2, borderTopRightRadius: 4, maxWidth: '100%', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', opacity: faded ? 0.7 : 1 }}>
      {text}
    </Box>
  );
}

import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChatMessageView } from '../../../api';
import { AssistantMessage } from './AssistantMessage';
import { Summarized } from './Summarized';
import { UserMessage } from './UserMessage';

type Props = { messages: readonly ChatMessageView[]; marked: string | null };

/** The messages of a branch, oldest first. `marked` is the one that a link leads to. */
export const Messages = memo(function Messages({ messages, marked }: Props) {
  const { t } = useTranslation('chat');
  return (
    <Stack component="ol" spacing={2.5} sx={{ listStyle: 'none', p: 0, m: 0 }}>
      {messages.map((message) => (
        <Box
          component="li"
          key={message.id}
          id={`message-${message.id}`}
          tabIndex={-1}
          aria-label={t(message.role === 'user' ? 'message.you' : 'message.assistant')}
          sx={{ borderRadius: 1, scrollMargin: 24, outlineOffset: 6, ...(message.id === marked ? { outline: '2px solid', outlineColor: 'primary.main' } : {}) }}
        >
          {message.role === 'user' ? <UserMessage message={message} /> : <AssistantMessage message={message} />}
          {message.summary && <Summarized text={message.summary} />}
        </Box>
      ))}
    </Stack>
  );
});

import TextField from '@mui/material/TextField';
import { type SyntheticEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ChatSessionView, useReplaceChatSessionMutation } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { FormDialog } from './FormDialog';
import { specOf } from './spec';

export default function Rename({ session, onClose }: { session: ChatSessionView; onClose: () => void }) {
  const { t } = useTranslation('chat');
  const [title, setTitle] = useState(session.title);
  const [replace, { isLoading, error }] = useReplaceChatSessionMutation();
  const save = async (event: SyntheticEvent) => {
    event.preventDefault();
    const result = await replace({ sessionId: session.id, chatSessionSpec: specOf(session, { title: title.trim() }) });
    if (!result.error) onClose();
  };
  return (
    <FormDialog title={t('dialogs.rename')} confirm={t('common:save')} busy={isLoading || title.trim() === ''} error={error} onSubmit={save} onClose={onClose}>
      <TextField autoFocus label={t('dialogs.name')} value={title} onChange={(event) => setTitle(event.target.value)} helperText={fieldErrors(error).title} error={fieldErrors(error).title !== undefined} slotProps={{ htmlInput: { maxLength: 120 } }} />
    </FormDialog>
  );
}

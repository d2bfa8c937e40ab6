import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { type SyntheticEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ChatSessionView, type DoubleTexting, useReplaceChatSessionMutation } from '../../../api';
import { fieldErrors } from '../../../api/problems';
import { Replier } from '../Replier';
import { FormDialog } from './FormDialog';
import { specOf } from './spec';

const POLICIES = ['queue', 'interrupt', 'rollback', 'reject'] as const;

/** Who replies in a chat, and how. */
export default function Settings({ session, onClose }: { session: ChatSessionView; onClose: () => void }) {
  const { t } = useTranslation('chat');
  const [who, setWho] = useState({ agent: session.agent ?? '', model: session.model ?? '' });
  const [instructions, setInstructions] = useState(session.instructions ?? '');
  const [policy, setPolicy] = useState<DoubleTexting>(session.double_texting);
  const [replace, { isLoading, error }] = useReplaceChatSessionMutation();
  const wrong = fieldErrors(error);
  const save = async (event: SyntheticEvent) => {
    event.preventDefault();
    const changes = { agent: who.agent || null, model: who.model || null, instructions: instructions.trim() || null, double_texting: policy };
    const result = await replace({ sessionId: session.id, chatSessionSpec: specOf(session, changes) });
    if (!result.error) onClose();
  };
  return (
    <FormDialog title={t('dialogs.settings')} hint={t('dialogs.settingsHint')} confirm={t('common:save')} busy={isLoading} error={error} onSubmit={save} onClose={onClose}>
      <Replier {...who} onChange={setWho} wide />
      <TextField
        multiline
        minRows={3}
        maxRows={10}
        label={t('dialogs.instructions')}
        value={instructions}
        onChange={(event) => setInstructions(event.target.value)}
        helperText={wrong.instructions ?? t('dialogs.instructionsHint')}
        error={wrong.instructions !== undefined}
      />
      <TextField select label={t('dialogs.policy')} value={policy} onChange={(event) => setPolicy(event.target.value as DoubleTexting)}>
        {POLICIES.map((each) => (
          <MenuItem key={each} value={each}>{t(`composer.${each}`)}</MenuItem>
        ))}
      </TextField>
    </FormDialog>
  );
}

import Box from '@mui/material/Box';
import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { useCreateChatMessageMutation, useCreateChatSessionMutation } from '../../api';
import { useTitle } from '../../app/hooks';
import { Problem } from '../../parts/Problem';
import { Composer } from './compose/Composer';
import type { Draft } from './compose/useDraft';
import { Replier } from './Replier';

const EXAMPLES = ['one', 'two', 'three'] as const;

/** A chat that begins with its first message. `?agent=` and `?model=` choose who replies. */
export function NewChat({ menu }: { menu: ReactNode }) {
  const { t } = useTranslation('chat');
  useTitle(t('title'));
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [agent, model] = [params.get('agent') ?? '', params.get('model') ?? ''];
  const [createSession] = useCreateChatSessionMutation();
  const [createMessage] = useCreateChatMessageMutation();
  const [error, setError] = useState<unknown>();
  const [made, setMade] = useState<{ id: string; by: string } | null>(null);
  const [isBusy, setBusy] = useState(false);

  const send = async ({ text, files }: Draft) => {
    setError(undefined);
    setBusy(true);
    try {
      // A session whose first message was rejected is used again.
      const by = JSON.stringify([agent, model]);
      const sessionId = made?.by === by ? made.id : (await createSession({ chatSessionSpec: { agent: agent || null, model: model || null } }).unwrap()).id;
      setMade({ id: sessionId, by });
      await createMessage({ sessionId, messageSpec: { text, attachments: files.map(({ id }) => id) }, 'Idempotency-Key': crypto.randomUUID() }).unwrap();
      await navigate(`/chat/${sessionId}`);
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <Box sx={{ p: 1, minHeight: 48 }}>{menu}</Box>
      <Box sx={{ flexGrow: 1, overflowY: 'auto', display: 'flex', flexDirection: 'column', justifyContent: 'center', px: { xs: 2, md: 3 }, pb: 8 }}>
        <Stack spacing={2} sx={{ maxWidth: 720, width: '100%', mx: 'auto' }}>
          <Box>
            <Typography variant="h1" sx={{ textAlign: 'center', fontSize: '1.75rem' }}>{t('start.title')}</Typography>
            <Typography color="textSecondary" sx={{ textAlign: 'center', mt: 1 }}>{t('start.hint')}</Typography>
          </Box>
          {error !== undefined && <Problem error={error} compact />}
          <Box aria-busy={isBusy}>
            <Composer
              place="new"
              placeholder={t('composer.placeholder')}
              onSend={send}
              controls={<Replier agent={agent} model={model} onChange={(who) => setParams(Object.fromEntries(Object.entries(who).filter(([, value]) => value !== '')), { replace: true })} />}
            />
          </Box>
          <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', justifyContent: 'center' }}>
            {EXAMPLES.map((name) => (
              <Chip key={name} variant="outlined" label={t(`start.examples.${name}`)} disabled={isBusy} onClick={() => void send({ text: t(`start.examples.${name}`), files: [] })} sx={{ maxWidth: '100%', height: 'auto', '& .MuiChip-label': { whiteSpace: 'normal', py: 0.75 } }} />
            ))}
          </Stack>
        </Stack>
      </Box>
    </>
  );
}

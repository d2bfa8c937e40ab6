import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type ChatSessionView, type SummaryView } from '../../../api';
import { useAppDispatch } from '../../../app/hooks';
import { Loading } from '../../../parts/Loading';
import { Markdown } from '../../../parts/Markdown';
import { Money } from '../../../parts/Money';
import { Simulated } from '../../../parts/Simulated';
import { FormDialog } from './FormDialog';

/** A summary of the active branch. A model writes it when it's first asked for. */
export default function Summary({ session, onClose }: { session: ChatSessionView; onClose: () => void }) {
  const { t } = useTranslation('chat');
  const dispatch = useAppDispatch();
  const [found, setFound] = useState<SummaryView | null>(null);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      while (!isOver) {
        const view = await dispatch(api.endpoints.getChatSummary.initiate({ sessionId: session.id, prefer: 'wait=25' }, { subscribe: false, forceRefetch: true })).unwrap();
        if (view.text === null && !view.error && view.status !== 'cancelled') continue;
        setFound(view);
        return;
      }
    };
    ask().catch((failure: unknown) => isOver || setError(failure));
    return () => {
      isOver = true;
    };
  }, [dispatch, session.id]);
  return (
    <FormDialog title={t('dialogs.summary')} error={error} onClose={onClose}>
      {found === null && error === undefined && (
        <>
          <Typography variant="body2" color="textSecondary" role="status">{t('dialogs.summaryWrites')}</Typography>
          <Loading rows={3} height={20} />
        </>
      )}
      {found?.error && <Typography color="error">{found.error}</Typography>}
      {found?.text && <Markdown text={found.text} />}
      {found && (
        <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
          {found.simulated && <Simulated />}
          <Money micro={found.cost_micro_usd} variant="caption" color="textSecondary" />
        </Stack>
      )}
    </FormDialog>
  );
}

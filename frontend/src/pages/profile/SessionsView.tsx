import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type SessionView, useEndOtherSessionsMutation, useEndSessionMutation, useListSessionsQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Loading } from '../../parts/Loading';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';
import { clientOf } from './clients';

/** Where the user is signed in. */
export function SessionsView() {
  const { t } = useTranslation('profile');
  const dispatch = useAppDispatch();
  const { data, error, refetch, isLoading } = useListSessionsQuery({ limit: 100 });
  const [endOne, one] = useEndSessionMutation();
  const [endOthers, others] = useEndOtherSessionsMutation();
  const [asked, setAsked] = useState<SessionView | 'others' | null>(null);
  const sessions = data?.items ?? [];
  const confirm = async () => {
    if (asked === null) return;
    const result = asked === 'others' ? await endOthers() : await endOne({ sessionId: asked.id });
    if (result.error) return;
    showToast(dispatch, t(asked === 'others' ? 'endedOthers' : 'ended'));
    setAsked(null);
  };
  return (
    <Stack sx={{ maxWidth: 860 }}>
      <Panel
        title={t('views.sessions')}
        about={t('sessionsAbout')}
        actions={sessions.length > 1 && <Button variant="outlined" onClick={() => setAsked('others')}>{t('endOthers')}</Button>}
      >
        {isLoading && <Loading rows={2} />}
        {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
        <Rows>
          {sessions.map((session) => (
            <Row key={session.id} action={!session.current && <Button size="small" onClick={() => setAsked(session)} aria-label={`${t('endSession')}: ${clientOf(session.client) ?? t('unknownClient')}`}>{t('endSession')}</Button>}>
              <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
                <Typography variant="body2" sx={{ fontWeight: 600 }}>{clientOf(session.client) ?? t('unknownClient')}</Typography>
                {session.current && <Chip size="small" label={t('thisOne')} color="primary" variant="outlined" />}
              </Stack>
              <Typography variant="caption" color="textSecondary" component="div">
                {session.address && `${session.address} · `}
                {t('lastUsed')} <When at={session.last_used_at} /> · {t('signedIn')} <When at={session.began_at} /> · {t('expires')} <When at={session.expires_at} />
              </Typography>
            </Row>
          ))}
        </Rows>
      </Panel>
      <ConfirmDialog
        open={asked !== null}
        title={asked === 'others' ? t('endOthersTitle') : t('endTitle', { client: clientOf(asked?.client ?? null) ?? t('unknownClient') })}
        text={t(asked === 'others' ? 'endOthersText' : 'endText')}
        confirm={t(asked === 'others' ? 'endOthers' : 'endSession')}
        busy={one.isLoading || others.isLoading}
        error={one.error ?? others.error}
        onConfirm={() => void confirm()}
        onClose={() => setAsked(null)}
      />
    </Stack>
  );
}

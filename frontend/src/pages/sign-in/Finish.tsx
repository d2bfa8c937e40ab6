import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useFinishOidcMutation } from '../../api';
import { Problem } from '../../parts/Problem';
import { Frame } from './Frame';
import { nextIn } from './next';
import { takeFlow } from './oidc';
import { useBegin } from './useBegin';

/** The identity provider's answer: compared with what this tab has started, and exchanged for a session. */
export default function Finish() {
  const { t } = useTranslation('sign-in');
  const begin = useBegin();
  const [finish, { error }] = useFinishOidcMutation();
  const [stopped, setStopped] = useState<string>();
  const started = useRef(false);
  const run = useEffectEvent(async () => {
    const answer = new URLSearchParams(location.search);
    const kept = takeFlow();
    // The code works once; it shouldn't stay in the browser's history.
    history.replaceState(history.state, '', location.pathname);
    const [code, state] = [answer.get('code'), answer.get('state')];
    if (answer.has('error')) return setStopped(t('finishRefused', { reason: answer.get('error_description') ?? answer.get('error') }));
    if (kept === undefined || code === null || state !== kept.state) return setStopped(t('finishState'));
    const result = await finish({ oidcFinish: { code, state, flow: kept.flow } });
    if (!result.error) await begin(nextIn(new URLSearchParams({ next: kept.next })));
  });
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    void run();
  }, []);
  const failed = stopped !== undefined || error !== undefined;
  return (
    <Frame title={t(failed ? 'finishTitle' : 'title')}>
      {!failed && <Typography role="status">{t('finishing')}</Typography>}
      {stopped && <Alert severity="error" variant="outlined" sx={{ overflowWrap: 'anywhere' }}>{stopped}</Alert>}
      {error !== undefined && <Problem error={error} />}
      {failed && <Button component={Link} to="/sign-in" variant="contained" sx={{ mt: 2 }}>{t('toSignIn')}</Button>}
    </Frame>
  );
}

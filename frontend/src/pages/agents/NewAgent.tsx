import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { type AgentView, useCreateAgentMutation, useGetAgentQuery } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { addWords } from '../../app/words';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import texts from '../../words/agents';
import { AgentFields } from './AgentFields';
import { draftOf, EMPTY, faultsOf, specOf } from './draft';
import { LeaveGuard } from './LeaveGuard';

addWords('agents', texts);

/** Writes an agent, from nothing or from a copy of `?copy=`. */
export default function NewAgent() {
  const { t } = useTranslation('agents');
  const [params] = useSearchParams();
  const copy = params.get('copy');
  const { data, error, refetch } = useGetAgentQuery({ agent: copy ?? '' }, { skip: copy === null });
  return (
    <>
      <PageHeader title={t('new')} about={t('newAbout')} />
      {copy !== null && error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {copy !== null && !data && error === undefined && <Loading rows={6} />}
      {(copy === null || data) && <Form key={copy} source={data} />}
    </>
  );
}

function Form({ source }: { source: AgentView | undefined }) {
  const { t } = useTranslation('agents');
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const [create, { error, isLoading }] = useCreateAgentMutation();
  const [draft, setDraft] = useState(() => (source ? { ...draftOf(source), name: `${source.name}-copy`.slice(0, 60) } : EMPTY));
  const [touched, setTouched] = useState(false);
  const [tried, setTried] = useState(false);
  const faults = faultsOf(draft);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    const { data } = await create({ agentSpec: specOf(draft) });
    if (!data) return;
    showToast(dispatch, t('created', { name: data.name }));
    void navigate(`/agents/${data.id ?? data.name}`);
  };
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <AgentFields draft={draft} faults={tried ? faults : {}} refused={fieldErrors(error)} onChange={(next) => { setDraft(next); setTouched(true); }} />
      {tried && Object.keys(faults).length > 0 && <Alert severity="error" variant="outlined" sx={{ mt: 2 }}>{t('check')}</Alert>}
      {error !== undefined && <Problem error={error} compact />}
      <Button type="submit" variant="contained" disabled={isLoading} sx={{ mt: 3 }}>{t('create')}</Button>
      <LeaveGuard on={touched} home="/agents/new" />
    </form>
  );
}

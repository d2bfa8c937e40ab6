import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type FieldChange, useDiffAgentVersionsQuery, useListAgentVersionsQuery, useRollbackAgentMutation } from '../../api';
import { etagOf } from '../../api/etags';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Choose } from '../../parts/Choose';
import { CodeBlock } from '../../parts/CodeBlock';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { When } from '../../parts/When';
import { mayEdit } from './kinds';
import type { ViewProps } from './view';

/** An agent's versions: what changed in each, the difference of any two, and the way back. */
export function VersionsView({ agent, address, onReload }: ViewProps) {
  const { t } = useTranslation('agents');
  const dispatch = useAppDispatch();
  const { get, set } = useFilters();
  const { data, error, refetch } = useListAgentVersionsQuery({ agent: address, limit: 50 });
  const pages = usePages(address, data, (cursor) => dispatch(api.endpoints.listAgentVersions.initiate({ agent: address, limit: 50, cursor })).unwrap());
  const [rollback, rolling] = useRollbackAgentMutation();
  const [asked, ask] = useState<number | null>(null);
  const newest = agent.version ?? 1;
  const from = Number(get('from')) || Math.max(1, newest - 1);
  const to = Number(get('to')) || newest;
  const options = pages.items.map(({ version }) => [String(version), t('version', { version })] as const);
  const confirm = async () => {
    if (asked === null) return;
    const etag = etagOf(`/api/v1/agents/${encodeURIComponent(address)}`);
    const done = await rollback({ agent: address, rollback: { version: asked }, ...(etag !== undefined && { 'If-Match': etag }) });
    if (!done.data) return;
    showToast(dispatch, t('rolled', { version: done.data.version, from: asked }));
    ask(null);
    await onReload();
  };
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <Panel title={t('views.versions')}>
        {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
        {!data && error === undefined && <Loading rows={3} />}
        <Rows>
          {pages.items.map((each) => (
            <Row key={each.version} action={mayEdit(agent) && each.version !== newest && <Button size="small" aria-label={`${t('rollBack')}: ${t('version', { version: each.version })}`} onClick={() => ask(each.version)}>{t('rollBack')}</Button>}>
              <Typography variant="body2" sx={{ fontWeight: 600 }}>{t('version', { version: each.version })}{each.version === newest && ` · ${t('current')}`}</Typography>
              <Typography variant="caption" color="textSecondary" component="div"><When at={each.created_at} /> · {each.changed.length > 0 ? t('changed', { fields: each.changed.join(', ') }) : t('first')}</Typography>
            </Row>
          ))}
        </Rows>
        {pages.error !== undefined && <Problem error={pages.error} compact />}
        {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
      </Panel>
      {options.length > 1 && options.some(([each]) => each === String(from)) && options.some(([each]) => each === String(to)) && (
        <Panel title={t('compare')}>
          <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
            <Choose label={t('from')} value={String(from)} onChange={(value) => set({ from: value })} options={options} />
            <Choose label={t('to')} value={String(to)} onChange={(value) => set({ to: value })} options={options} />
          </Stack>
          <Difference address={address} from={from} to={to} />
        </Panel>
      )}
      <ConfirmDialog open={asked !== null} danger={false} title={t('rollTitle', { version: asked })} text={t('rollText', { version: asked })} confirm={t('rollBack')} busy={rolling.isLoading} error={rolling.error} onConfirm={() => void confirm()} onClose={() => ask(null)} />
    </Stack>
  );
}

function Difference({ address, from, to }: { address: string; from: number; to: number }) {
  const { t } = useTranslation('agents');
  const { data, error, refetch, isFetching } = useDiffAgentVersionsQuery({ agent: address, from, to });
  if (error !== undefined) return <Problem error={error} compact onRetry={() => void refetch()} />;
  if (!data || isFetching) return <Loading rows={2} />;
  if (data.changes.length === 0) return <Typography variant="body2" color="textSecondary">{t('same')}</Typography>;
  return data.changes.map((change) => <Change key={change.field} change={change} />);
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

function Change({ change }: { change: FieldChange }) {
  const { t } = useTranslation('agents');
  return (
    <div>
      <Typography variant="subtitle2" component="h3">{change.field.replaceAll('_', ' ')}</Typography>
      {change.diff != null
        ? <CodeBlock text={change.diff} label={change.field} />
        : <><CodeBlock text={shown(change.before)} label={`${t('before')}: ${change.field}`} /><CodeBlock text={shown(change.after)} label={`${t('after')}: ${change.field}`} /></>}
    </div>
  );
}

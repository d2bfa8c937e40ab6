import Stack from '@mui/material/Stack';
import { useTranslation } from 'react-i18next';
import { useGetInstallationPolicyQuery, useGetPolicyQuery, useReplaceInstallationPolicyMutation, useReplacePolicyMutation } from '../../api';
import { etagOf } from '../../api/etags';
import { useIsAdmin } from '../../app/session/useMe';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { RuleList } from './RuleList';
import { TryCall } from './TryCall';

/** The rules for tool calls: the installation's, the user's own, and what they mean for a call. */
export function PolicyView() {
  const { t } = useTranslation('settings');
  const isAdmin = useIsAdmin();
  return (
    <Stack spacing={3} sx={{ maxWidth: 860 }}>
      <TryCall />
      {isAdmin ? <InstallationRules /> : null}
      <OwnRules title={t('ownRules')} withInstallation={!isAdmin} />
    </Stack>
  );
}

function OwnRules({ title, withInstallation }: { title: string; withInstallation: boolean }) {
  const { t } = useTranslation('settings');
  const { data, error, refetch } = useGetPolicyQuery({}, { refetchOnMountOrArgChange: true });
  const [replace, { error: failure, isLoading }] = useReplacePolicyMutation();
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  return (
    <>
      {withInstallation && data.installation.length > 0 && <RuleList title={t('installationRules')} about={t('installationRulesAbout')} rules={data.installation} />}
      <RuleList
        title={title} about={t('ownRulesAbout')} rules={data.own} busy={isLoading} error={failure} onReload={() => void refetch()} etag={() => etagOf('/api/v1/policy')}
        onSave={async (rules, etag) => (await replace({ policyInput: { rules }, ...(etag ? { 'If-Match': etag } : {}) })).error === undefined}
      />
    </>
  );
}

function InstallationRules() {
  const { t } = useTranslation('settings');
  const { data, error, refetch } = useGetInstallationPolicyQuery({}, { refetchOnMountOrArgChange: true });
  const [replace, { error: failure, isLoading }] = useReplaceInstallationPolicyMutation();
  if (data === undefined) return error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />;
  return (
    <RuleList
      title={t('installationRules')} about={t('installationRulesAbout')} rules={data.rules ?? []} byUser busy={isLoading} error={failure} onReload={() => void refetch()} etag={() => etagOf('/api/v1/policy/installation')}
      onSave={async (rules, etag) => (await replace({ policyInput: { rules }, ...(etag ? { 'If-Match': etag } : {}) })).error === undefined}
    />
  );
}

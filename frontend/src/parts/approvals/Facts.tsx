import Box from '@mui/material/Box';
import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { type ApprovalView, useListToolsQuery } from '../../api';
import { When } from '../When';

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <Typography component="dt" variant="body2" color="textSecondary">{name}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, mb: { xs: 1, sm: 0 }, minWidth: 0, overflowWrap: 'anywhere' }}>{children}</Typography>
    </>
  );
}

/** Where a decision comes from, why it is asked for, who decides and by when. */
export function Facts({ approval }: { approval: ApprovalView }) {
  const { t } = useTranslation('approvals');
  const { terms, kind, agent, tool } = approval;
  const server = useServer(kind === 'question' ? undefined : tool);
  const isTask = (approval.run_kind ?? 'task') === 'task';
  const approvers = approval.approvers.length > 0 ? t('who', { names: approval.approvers.join(', ') }) : t('whoAny');
  const quorum = terms.quorum ?? 1;
  return (
    <Box component="dl" sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr', sm: 'max-content 1fr' }, columnGap: 2, rowGap: { xs: 0, sm: 0.5 }, m: 0, mt: 2 }}>
      {isTask && <Fact name={t('task')}><Link component={RouterLink} to={`/tasks/${approval.task_id}`} underline="always">{approval.task_title || approval.task_id}</Link></Fact>}
      {!isTask && approval.task_title && <Fact name={t('chat')}>{approval.task_title}</Fact>}
      <Fact name={t('agent')}>{agent}{approval.path && ` · ${t('subtask')} ${approval.path}`}</Fact>
      {kind !== 'question' && <Fact name={t('tool')}>{tool}{server && <> · {t('otherServer', { name: server })}. {t('otherServerHint')}</>}</Fact>}
      {approval.reason && <Fact name={t('reason')}>{approval.reason}</Fact>}
      <Fact name={t('policy')}>{approvers}{quorum > 1 && `. ${t('quorum', { count: quorum })}`}</Fact>
      <Fact name={t('asked')}><When at={approval.created_at} /></Fact>
      {approval.status === 'pending' && approval.expires_at && (
        <Fact name={t('expires')}><When at={approval.expires_at} />{kind === 'tool_call' && <>. {t(`onExpiry.${terms.on_expiry ?? 'reject'}`)}</>}</Fact>
      )}
      {kind !== 'question' && <Fact name={t('hash')}><Box component="code" sx={{ fontSize: '0.75rem' }}>{approval.sha256}</Box></Fact>}
    </Box>
  );
}

/** Return the name of the server that provides a tool, or undefined for a built-in tool. */
function useServer(tool: string | undefined): string | undefined {
  const { data } = useListToolsQuery({}, { skip: tool === undefined });
  return data?.items.find(({ name }) => name === tool)?.server ?? undefined;
}

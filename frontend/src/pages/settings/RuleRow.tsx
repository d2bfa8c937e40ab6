import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import DownIcon from '@mui/icons-material/ArrowDownward';
import EditIcon from '@mui/icons-material/EditOutlined';
import UpIcon from '@mui/icons-material/ArrowUpward';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PolicyRule } from '../../api';
import { MONO } from '../../app/theme';
import { Row } from '../../parts/Rows';
import { Verdict } from './Ruling';

type Props = { rule: PolicyRule; position: number; last: boolean; onMove?: (by: number) => void; onEdit?: () => void; onDelete?: () => void };

/** A rule in words. */
export function RuleRow({ rule, position, last, onMove, onEdit, onDelete }: Props) {
  const { t } = useTranslation('settings');
  const named = (label: string, icon: ReactNode, onClick: () => void, disabled = false) => (
    <Tooltip title={label}>
      <span><IconButton size="small" aria-label={t('ofRule', { label, position })} disabled={disabled} onClick={onClick}>{icon}</IconButton></span>
    </Tooltip>
  );
  const { approval } = rule;
  const remarks = [
    rule.agent && rule.agent !== '*' && t('byAgent', { agent: rule.agent }),
    rule.user && rule.user !== '*' && t('ofUser', { user: rule.user }),
    ...Object.entries(rule.arguments ?? {}).map(([name, pattern]) => t('ifArgument', { name, pattern })),
    rule.after_untrusted && t('alsoUntrusted'),
    approval?.approvers && approval.approvers.length > 0 && t('decidedByThese', { who: approval.approvers.join(', ') }),
    approval?.quorum && approval.quorum > 1 && t('quorumOf', { count: approval.quorum }),
    rule.reason,
  ].filter(Boolean);
  return (
    <Row
      action={onMove && onEdit && onDelete && (
        <Stack direction="row">
          {named(t('moveUp'), <UpIcon fontSize="small" />, () => onMove(-1), position === 1)}
          {named(t('moveDown'), <DownIcon fontSize="small" />, () => onMove(1), last)}
          {named(t('edit'), <EditIcon fontSize="small" />, onEdit)}
          {named(t('removeRule'), <DeleteIcon fontSize="small" />, onDelete)}
        </Stack>
      )}
    >
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
        <Typography variant="caption" color="textSecondary">{position}</Typography>
        <Verdict verdict={rule.verdict} />
        <span style={{ fontFamily: MONO, fontSize: '0.875rem' }}>{rule.tool && rule.tool !== '*' ? rule.tool : t('anyTool')}</span>
      </Stack>
      {remarks.length > 0 && <Typography variant="caption" color="textSecondary" component="div">{remarks.join(' · ')}</Typography>}
    </Row>
  );
}

import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as To } from 'react-router';
import { type ShareView, useListGroupSharesQuery } from '../../api';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Row, Rows } from '../../parts/Rows';
import { When } from '../../parts/When';

const ADDRESS: Record<ShareView['kind'], string> = { task: '/tasks', schedule: '/schedules', file: '/files', chat_session: '/chat', agent: '/agents' };

/** What is shared with the group. */
export function Shares({ groupId }: { groupId: string }) {
  const { t } = useTranslation('groups');
  const { data, error, refetch } = useListGroupSharesQuery({ groupId, limit: 100 });
  return (
    <Panel title={t('shares')}>
      {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <Typography color="textSecondary">{t('noShares')}</Typography>}
      <Rows>
        {data?.items.map((share) => (
          <Row key={`${share.kind} ${share.resource_id}`}>
            <Link component={To} to={`${ADDRESS[share.kind]}/${share.resource_id}`}>{`${t(`kind.${share.kind}`)} ${share.resource_id.slice(0, 8)}`}</Link>
            <Typography variant="caption" color="textSecondary" component="div">{t(`right.${share.right}`)} {t('since')} <When at={share.created_at} /></Typography>
          </Row>
        ))}
      </Rows>
    </Panel>
  );
}

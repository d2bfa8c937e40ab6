import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { api, useListApprovalsQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { ApprovalCard } from '../../parts/approvals/ApprovalCard';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Problem } from '../../parts/Problem';
import { usePages } from '../../parts/usePages';
import { ItemList } from './ItemList';
import { TwoPanes } from './TwoPanes';

const ASKED = { status: ['approved', 'rejected', 'answered', 'expired', 'cancelled'] as ('approved' | 'rejected' | 'answered' | 'expired' | 'cancelled')[], limit: 50 };
const SEARCH = '?tab=decided';

/** Decisions that were made, or that expired. */
export function Decided({ item }: { item: string | undefined }) {
  const { t } = useTranslation('inbox');
  const dispatch = useAppDispatch();
  const { data, error, refetch } = useListApprovalsQuery(ASKED);
  const load = (cursor: string) => dispatch(api.endpoints.listApprovals.initiate({ ...ASKED, cursor })).unwrap();
  const pages = usePages('decided', data, load);
  if (data === undefined) return error === undefined ? <Loading rows={4} height={64} /> : <Problem error={error} onRetry={() => void refetch()} />;
  if (pages.items.length === 0) return <EmptyState title={t('noDecided')} hint={t('noDecidedHint')} />;
  const selected = pages.items.find(({ id }) => id === item);
  const items = pages.items.map((approval) => ({ id: approval.id, at: approval.decided_at ?? approval.created_at, approval }));
  return (
    <TwoPanes
      back={`/inbox${SEARCH}`}
      opened={selected !== undefined}
      list={
        <>
          <ItemList items={items} label={t('decidedList')} selected={item} search={SEARCH} />
          {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
          {pages.error !== undefined && <Problem error={pages.error} compact />}
        </>
      }
      detail={selected ? <ApprovalCard key={selected.id} approval={selected} /> : <Typography color="textSecondary" sx={{ p: 2 }}>{t('choose')}</Typography>}
    />
  );
}

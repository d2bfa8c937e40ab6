import Button from '@mui/material/Button';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useGetApprovalQuery, useGetTaskQuery } from '../../api';
import { ApprovalCard } from '../../parts/approvals/ApprovalCard';
import { BudgetCard } from '../../parts/approvals/BudgetCard';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { Problem } from '../../parts/Problem';
import { ItemList } from './ItemList';
import { TwoPanes } from './TwoPanes';
import { type Item, useItems } from './useItems';

/** Whether keys are meant for something else. */
function isBusy(event: KeyboardEvent): boolean {
  const { target } = event;
  const typing = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  return typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('[role="dialog"]') !== null;
}

/** Decisions and budgets that wait, with the selected one beside the list. */
export function Waiting({ item }: { item: string | undefined }) {
  const { t } = useTranslation('inbox');
  const navigate = useNavigate();
  const { items, loading, error, refetch } = useItems();
  const place = items.findIndex(({ id }) => id === item);
  const selected = items[item === undefined ? 0 : place];
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (isBusy(event)) return;
    const step = { j: 1, k: -1 }[event.key];
    if (step !== undefined) {
      const now = item === undefined ? 0 : place;
      const next = items[Math.min(items.length - 1, Math.max(0, now + step))];
      if (next) void navigate(`/inbox/${next.id}`);
    }
    const button = { a: 'approve', r: 'reject' }[event.key];
    const found = button && document.querySelector<HTMLElement>(`[data-key="${button}"]`);
    if (!found) return;
    event.preventDefault();
    // A field gets the focus; so does "approve", because a decision takes a second key.
    if (button === 'reject') found.click();
    else found.focus();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
  if (error !== undefined && loading) return <Problem error={error} onRetry={refetch} />;
  if (loading) return <Loading rows={4} height={64} />;
  if (items.length === 0 && item === undefined) {
    return <EmptyState title={t('empty')} hint={t('emptyHint')} action={<Button variant="contained" component={Link} to="/tasks/new">{t('emptyAction')}</Button>} />;
  }
  const next = () => void navigate('/inbox');
  return (
    <TwoPanes
      back="/inbox"
      opened={item !== undefined}
      list={<ItemList items={items} label={t('list')} selected={selected?.id} />}
      detail={selected ? <Detail key={selected.id} item={selected} onDone={next} /> : item && <Other id={item} />}
    />
  );
}

function Detail({ item, onDone }: { item: Item; onDone: () => void }) {
  return 'task' in item ? <Budget id={item.id} onDone={onDone} /> : <ApprovalCard approval={item.approval} onDone={onDone} />;
}

/** What the task waits for is not part of lists. */
function Budget({ id, onDone }: { id: string; onDone: () => void }) {
  const { data, error, refetch } = useGetTaskQuery({ taskId: id });
  if (error !== undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading rows={2} />;
  return data.waiting?.kind === 'budget' ? <BudgetCard task={data} wait={data.waiting} onDone={onDone} /> : <Gone />;
}

/** An item that doesn't wait, or not for this user, such as one from an old link. */
function Other({ id }: { id: string }) {
  const { data, isLoading } = useGetApprovalQuery({ approvalId: id });
  if (isLoading) return <Loading rows={3} />;
  return data ? <ApprovalCard approval={data} /> : <Gone />;
}

function Gone() {
  const { t } = useTranslation('inbox');
  return <EmptyState title={t('gone')} hint={t('goneHint')} action={<Button variant="outlined" component={Link} to="/inbox">{t('showAll')}</Button>} />;
}

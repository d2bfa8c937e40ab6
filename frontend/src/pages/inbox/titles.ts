import type { TFunction } from 'i18next';
import { visible } from '../../parts/approvals/visible';
import type { Item } from './useItems';

/** Return an item's name in one line. */
export function titleOf(item: Item, t: TFunction<'inbox'>): string {
  if ('task' in item) return t('budget');
  const { kind, agent, tool, question } = item.approval;
  if (kind === 'question') return t('asks', { agent, question: visible(question ?? '') });
  return t(kind === 'outcome' ? 'outcome' : 'wants', { agent, tool });
}

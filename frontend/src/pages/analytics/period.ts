import { useState } from 'react';
import { useTimeZone } from '../../parts/times';
import { useFilters } from '../../parts/useFilters';
import { useMe } from '../../app/session/useMe';

export const DAYS = ['7', '30', '90'] as const;
const DAY_MS = 86_400_000;

/** The period and the users whose figures are shown, as the address says, and as the API takes them. */
export function usePeriod() {
  const { get, set } = useFilters();
  const me = useMe();
  const timeZone = useTimeZone();
  const [opened] = useState(() => Date.now());
  const days = DAYS.find((each) => each === get('days')) ?? '30';
  const whose = me.role === 'admin' && get('whose') === 'all' ? 'all' : 'mine';
  const since = new Date(opened - (Number(days) - 1) * DAY_MS).toISOString();
  const args = { since, timeZone, ...(whose === 'all' ? { userId: 'all' } : {}) };
  return { days, whose, isAdmin: me.role === 'admin', args, set };
}

export type Period = ReturnType<typeof usePeriod>;

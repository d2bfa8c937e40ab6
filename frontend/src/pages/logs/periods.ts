/** How far back a log is read, in seconds. */
export const PERIODS = { hour: 3600, day: 86_400, week: 604_800 } as const;

export type PeriodName = keyof typeof PERIODS;

/** Return the beginning of a period as an ISO time, or undefined for any time. Whole minutes keep the cache's key. */
export function sinceOf(period: string, now: number): string | undefined {
  if (!(period in PERIODS)) return undefined;
  const from = now - PERIODS[period as PeriodName] * 1000;
  return new Date(Math.floor(from / 60_000) * 60_000).toISOString();
}

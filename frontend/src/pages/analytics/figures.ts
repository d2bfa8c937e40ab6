import type { CallFigures } from '../../api';

const number = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

export const numberOf = (value: number) => number.format(value);
export const compactOf = (value: number) => compact.format(value);
export const percentOf = (value: number) => percent.format(value);

/** The attempts that bought nothing: failed, answered too late, or in doubt. */
export function wasted(figures: Pick<CallFigures, 'failed' | 'late' | 'in_doubt'>): number {
  return figures.failed + figures.late + figures.in_doubt;
}

/** Return all days from the first to the last, so that days without calls are shown as gaps. */
export function everyDay(dates: readonly string[]): string[] {
  const [first] = dates;
  const last = dates.at(-1);
  if (first === undefined || last === undefined) return [];
  const days: string[] = [];
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= Date.parse(`${last}T00:00:00Z`); at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

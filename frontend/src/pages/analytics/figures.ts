import type { CallFigures, Period } from '../../api';

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

/** Return the date of an instant in a time zone, such as 2026-12-01. */
function dateIn(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at));
}

/** Return all days of a period, so that days without calls are shown as gaps. */
export function daysOf({ since, until, time_zone: timeZone = 'UTC' }: Period): string[] {
  const days: string[] = [];
  const last = Date.parse(dateIn(until, timeZone));
  for (let at = Date.parse(dateIn(since, timeZone)); at <= last; at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

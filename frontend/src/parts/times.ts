/** Times and durations in words, in the user's time zone. */
import { createContext, use } from 'react';

export const TimeZone = createContext<string | undefined>(undefined);

/** Return the user's time zone: the one in the preferences, or the browser's. */
export function useTimeZone(): string {
  return use(TimeZone) ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Format an instant such as `1 Dec 2026, 14:05:09`. */
export function instant(at: string | Date, timeZone: string, seconds = false): string {
  const format: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: seconds ? 'medium' : 'short', timeZone };
  return new Intl.DateTimeFormat(undefined, format).format(new Date(at));
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60],
];

/** Format how long ago or ahead an instant is, such as `5 min ago`. */
export function relative(at: string | Date, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });
  const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
  return step ? format.format(Math.round(seconds / step[1]), step[0]) : format.format(Math.round(seconds), 'second');
}

/** Format a duration such as `850 ms`, `4.2 s`, `3 min 5 s` or `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

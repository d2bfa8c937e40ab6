/** The due times of a schedule, as a form that needs no cron expression. */
import type { ScheduleView } from '../../api';

export const KINDS = ['daily', 'weekly', 'monthly', 'interval', 'cron'] as const;
export type Kind = (typeof KINDS)[number];
export const UNITS = { minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

export type Timing = {
  kind: Kind;
  /** As `HH:MM`. */
  time: string;
  /** Days of the week as in cron: 1 is Monday, 0 is Sunday. */
  weekdays: number[];
  day: string;
  every: string;
  unit: Unit;
  cron: string;
  zone: string;
};

export type Times = Pick<ScheduleView, 'cron' | 'interval_s' | 'time_zone'>;

/** Monday first. */
export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 0] as const;
export const WORKDAYS = [1, 2, 3, 4, 5];

export function newTiming(zone: string): Timing {
  return { kind: 'daily', time: '07:00', weekdays: WORKDAYS, day: '1', every: '1', unit: 'hours', cron: '0 7 * * *', zone };
}

type Wrong = 'time' | 'weekdays' | 'day' | 'every' | 'cron';

/** Return the field that keeps a timing from being one, if there is one. The API checks cron expressions. */
export function wrongField(timing: Timing): Wrong | undefined {
  const { kind } = timing;
  if (kind === 'interval') {
    const seconds = Number(timing.every) * UNITS[timing.unit];
    return Number.isInteger(seconds) && seconds >= 10 && seconds <= 31_622_400 ? undefined : 'every';
  }
  if (kind === 'cron') return timing.cron.trim() ? undefined : 'cron';
  if (!/^\d\d:\d\d$/.test(timing.time)) return 'time';
  if (kind === 'weekly' && timing.weekdays.length === 0) return 'weekdays';
  const day = Number(timing.day);
  return kind === 'monthly' && !(Number.isInteger(day) && day >= 1 && day <= 31) ? 'day' : undefined;
}

/** Return what the API stores for a timing. */
export function timesOf(timing: Timing): Times {
  const time_zone = timing.zone;
  if (timing.kind === 'interval') return { cron: null, interval_s: Number(timing.every) * UNITS[timing.unit], time_zone };
  const [hour, minute] = timing.time.split(':').map(Number);
  const at = `${minute} ${hour}`;
  const crons: Record<Exclude<Kind, 'interval'>, string> = {
    daily: `${at} * * *`,
    weekly: `${at} * * ${WEEKDAYS.filter((day) => timing.weekdays.includes(day)).join(',')}`,
    monthly: `${at} ${timing.day} * *`,
    cron: timing.cron.trim(),
  };
  return { cron: crons[timing.kind], interval_s: null, time_zone };
}

function daysOf(text: string): number[] | undefined {
  const days: number[] = [];
  for (const part of text.split(',')) {
    const [from, to = from] = part.split('-').map(Number);
    if (from === undefined || to === undefined || !(from >= 0 && to <= 7 && from <= to)) return undefined;
    for (let day = from; day <= to; day += 1) days.push(day % 7);
  }
  return days;
}

/** Return the form of stored due times. A cron expression that the form has no fields for stays an expression. */
export function timingOf({ cron, interval_s, time_zone }: Times): Timing {
  const empty = newTiming(time_zone);
  if (interval_s !== null) {
    const unit = (['days', 'hours', 'minutes'] as const).find((each) => interval_s % UNITS[each] === 0);
    return { ...empty, kind: 'interval', unit: unit ?? 'minutes', every: String(interval_s / UNITS[unit ?? 'minutes']) };
  }
  const expression = cron ?? '';
  const found = /^(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[\d,-]+)$/.exec(expression);
  const other: Timing = { ...empty, kind: 'cron', cron: expression };
  if (!found) return other;
  const [, minute = '', hour = '', day = '', weekdays = ''] = found;
  const whole: Timing = { ...empty, cron: expression, time: `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}` };
  if (day === '*' && weekdays === '*') return { ...whole, kind: 'daily' };
  if (weekdays === '*') return { ...whole, kind: 'monthly', day };
  const days = daysOf(weekdays);
  return day === '*' && days ? { ...whole, kind: 'weekly', weekdays: days } : other;
}

/** Return the short names of days of the week in the user's language. */
export function weekdayName(day: number): string {
  // 4 January 1970 was a Sunday.
  return new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' }).format(new Date(Date.UTC(1970, 0, 4 + day)));
}

type Translate = (name: string, values?: Record<string, unknown>) => string;

/** Describe due times in words, such as `Every day at 07:00 (Europe/Berlin)`. */
export function inWords(times: Times, t: Translate): string {
  const timing = timingOf(times);
  const { kind, time, zone } = timing;
  if (kind === 'interval') return t(`everyUnit.${timing.unit}`, { count: Number(timing.every) });
  if (kind === 'cron') return t('words.cron', { cron: timing.cron, zone });
  if (kind === 'weekly') {
    const days = WEEKDAYS.filter((day) => timing.weekdays.includes(day));
    const workdays = days.length === 5 && WORKDAYS.every((day) => timing.weekdays.includes(day));
    return workdays ? t('words.workdays', { time, zone }) : t('words.weekly', { days: days.map(weekdayName).join(', '), time, zone });
  }
  return t(`words.${kind}`, { time, zone, day: timing.day });
}

/** Local times of any time zone, as `<input type="datetime-local">` has them. */

/** Return an instant as the local time of a zone, such as `2026-12-01T14:05`. */
export function localIn(at: Date, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** Return the instant of a local time in ISO format, or undefined for text that isn't one. A time that a clock change skips counts as if the clock had not changed. */
export function instantIn(local: string, timeZone: string): string | undefined {
  const wanted = Date.parse(`${local}Z`);
  if (Number.isNaN(wanted)) return undefined;
  // The offset at the wanted time isn't known before the time is. The second step corrects the first near a clock change.
  let at = wanted;
  for (let step = 0; step < 2; step += 1) at += wanted - Date.parse(`${localIn(new Date(at), timeZone)}Z`);
  return new Date(at).toISOString();
}

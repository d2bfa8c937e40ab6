import Tooltip from '@mui/material/Tooltip';
import { instant, relative, useTimeZone } from './times';
import { useNow } from './useNow';

/** An instant relative to now, with the exact time in a tooltip. */
export function When({ at }: { at: string }) {
  const zone = useTimeZone();
  const now = useNow();
  return (
    <Tooltip title={`${instant(at, zone, true)} (${zone})`}>
      <time dateTime={at}>{relative(at, now)}</time>
    </Tooltip>
  );
}

/** An instant in the user's time zone. */
export function At({ at, seconds = false }: { at: string; seconds?: boolean }) {
  const zone = useTimeZone();
  return <time dateTime={at}>{instant(at, zone, seconds)}</time>;
}

import { useEffect, useState } from 'react';
import { usePreviewScheduleMutation } from '../../api';
import type { Times } from './timing';

const SETTLE_MS = 400;

/** Ask for the next ten due times, when the fields have been left alone for a moment. `times` is undefined while they have errors. */
export function usePreview(times: Times | undefined) {
  const [preview] = usePreviewScheduleMutation();
  const [known, setKnown] = useState<{ of: string; runs?: string[]; error?: unknown }>();
  const wanted = times ? JSON.stringify(times) : '';
  useEffect(() => {
    if (wanted === '') return undefined;
    let outdated = false;
    const timer = setTimeout(async () => {
      const { data, error } = await preview({ previewSpec: JSON.parse(wanted) as Times });
      if (!outdated) setKnown({ of: wanted, ...(data ? { runs: data.next_runs } : { error }) });
    }, SETTLE_MS);
    return () => {
      outdated = true;
      clearTimeout(timer);
    };
  }, [wanted, preview]);
  const current = known?.of === wanted;
  return { runs: current ? known.runs : undefined, error: current ? known.error : undefined, pending: wanted !== '' && !current };
}

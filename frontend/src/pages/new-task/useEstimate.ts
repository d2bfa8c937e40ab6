import { useEffect, useState } from 'react';
import { useEstimateTaskMutation, type TaskEstimate, type TaskSpec } from '../../api';

const SETTLE_MS = 600;

type Estimate = { of: string; estimate?: TaskEstimate; error?: unknown };

/** Estimate a task when its form has been left alone for a moment. `spec` is undefined while the form has errors. */
export function useEstimate(spec: TaskSpec | undefined) {
  const [estimateTask] = useEstimateTaskMutation();
  const [known, setKnown] = useState<Estimate>();
  const wanted = spec ? JSON.stringify(spec) : '';
  useEffect(() => {
    if (wanted === '') return undefined;
    let outdated = false;
    const timer = setTimeout(async () => {
      const { data, error } = await estimateTask({ taskSpec: JSON.parse(wanted) as TaskSpec });
      if (!outdated) setKnown({ of: wanted, ...(data ? { estimate: data } : { error }) });
    }, SETTLE_MS);
    return () => {
      outdated = true;
      clearTimeout(timer);
    };
  }, [wanted, estimateTask]);
  // The estimate of the text a moment ago stays visible, so that the page doesn't flicker while someone types.
  const current = known?.of === wanted;
  return { estimate: wanted ? known?.estimate : undefined, error: current ? known.error : undefined, pending: wanted !== '' && !current };
}

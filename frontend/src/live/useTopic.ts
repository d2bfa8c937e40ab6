import { useEffect, useEffectEvent } from 'react';
import type { Frame } from './frames';
import { useLive } from './live';
import type { Place } from './socket';

/**
 * Follow a topic while the component is shown; null follows nothing.
 *
 * `onFrame` receives each frame in order: first `subscribed`, then what happens. It may change with each render.
 */
export function useTopic(topic: string | null, onFrame: (frame: Frame) => void, after: Place = null): void {
  const live = useLive();
  const take = useEffectEvent(onFrame);
  useEffect(() => {
    if (topic === null) return;
    return live.subscribe(topic, { after, onFrame: (frame) => take(frame) });
    // `after` is where to begin; a later value must not begin anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [live, topic]);
}

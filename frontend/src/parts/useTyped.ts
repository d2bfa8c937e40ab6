import { useEffect, useEffectEvent, useState } from 'react';

const SETTLE_MS = 400;

/** Text that is being typed: shown at once, and reported when the typing pauses. */
export function useTyped(value: string, onSettle: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  if (value !== known) {
    setKnown(value);
    setTyped(value);
  }
  const settle = useEffectEvent((text: string) => {
    setKnown(text);
    onSettle(text);
  });
  useEffect(() => {
    if (typed === known) return undefined;
    const timer = setTimeout(() => settle(typed), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [typed, known]);
  return [typed, setTyped];
}

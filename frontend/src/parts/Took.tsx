import { duration } from './times';
import { useNow } from './useNow';

/** How long something took, or has taken so far. */
export function Took({ from, to }: { from: string; to?: string | null }) {
  const began = new Date(from).getTime();
  return to ? <span>{duration(new Date(to).getTime() - began)}</span> : <SoFar began={began} />;
}

function SoFar({ began }: { began: number }) {
  const now = useNow();
  return <span>{duration(Math.max(0, Math.floor((now - began) / 1000) * 1000))}</span>;
}

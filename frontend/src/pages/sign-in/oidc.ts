/** The sign-in through an identity provider, between leaving the console and coming back. */
const KEY = 'chimera-oidc';

export type Flow = { state: string; flow: string; next: string };

export function keepFlow(flow: Flow): void {
  sessionStorage.setItem(KEY, JSON.stringify(flow));
}

/** Return the sign-in that this tab has started, once. */
export function takeFlow(): Flow | undefined {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return kept === null ? undefined : (JSON.parse(kept) as Flow);
}

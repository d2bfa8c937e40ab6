import type { Health } from '../../api';

/** Return the health report. With the status 503 it arrives as an error's body, because the installation is down. */
export function healthOf(data: Health | undefined, error: unknown): Health | undefined {
  if (typeof error !== 'object' || error === null || !('data' in error)) return data;
  const body = (error as { data: unknown }).data;
  if (typeof body === 'object' && body !== null && 'status' in body && 'parts' in body) return body as Health;
  return data;
}

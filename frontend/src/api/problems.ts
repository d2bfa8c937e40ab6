/** Problem documents (RFC 9457) as the console handles them. */
import type { SerializedError } from '@reduxjs/toolkit';
import type { FetchBaseQueryError } from '@reduxjs/toolkit/query';
import type { Problem } from './generated';

export type Failure = FetchBaseQueryError | SerializedError;

/** Return the API's problem document, or undefined if the request failed in another way. */
export function problemOf(error: unknown): Problem | undefined {
  if (typeof error !== 'object' || error === null || !('data' in error)) return undefined;
  const data = (error as { data: unknown }).data;
  return typeof data === 'object' && data !== null && 'code' in data && 'detail' in data ? (data as Problem) : undefined;
}

/** Return the HTTP status of a failure, or undefined if there was no response. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const status = (error as { status: unknown }).status;
  return typeof status === 'number' ? status : undefined;
}

/** Whether the server could not be reached or answered with a proxy's error. */
export function isAway(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return true;
  return problemOf(error) === undefined && status >= 500;
}

/** Return the messages of a form's fields by the last part of their names, such as `goal` for `body.goal`. */
export function fieldErrors(error: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const each of problemOf(error)?.errors ?? []) {
    const name = String(each.field).split('.').filter((part) => part !== 'body').join('.');
    found[name] ??= each.message;
  }
  return found;
}

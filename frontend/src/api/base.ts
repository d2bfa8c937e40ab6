/** The base of every request: the cookie session, its renewal, and problem documents as errors. */
import { createApi, fetchBaseQuery } from '@reduxjs/toolkit/query/react';
import type { BaseQueryFn, FetchArgs, FetchBaseQueryError } from '@reduxjs/toolkit/query';
import { rememberEtag } from './etags';

/** Marks the console's own requests. No form and no other site can send it without permission (CORS). */
export const SESSION_HEADERS = { 'Chimera-Session': 'cookie' } as const;

const RENEW = '/api/v1/auth/refresh';
/** Rejections of these mean wrong credentials, not an expired session. */
const SIGN_IN = /\/api\/v1\/auth\/(login|refresh|register|first-admin|password-reset|oidc\/)/;

const request = fetchBaseQuery({
  baseUrl: location.origin,
  credentials: 'same-origin',
  // Repeats a parameter for each item of a list, as the API expects; the default joins them with commas.
  paramsSerializer: (params) => {
    const pairs = Object.entries(params).flatMap(([name, value]) =>
      [value].flat().filter((each) => each !== undefined && each !== null).map((each) => [name, String(each)]),
    );
    return new URLSearchParams(pairs).toString();
  },
  prepareHeaders: (headers) => {
    for (const [name, value] of Object.entries(SESSION_HEADERS)) headers.set(name, value);
    if (!headers.has('accept')) headers.set('accept', 'application/json');
    return headers;
  },
});

let lastRenewal = 0;

/** Renew the session once for all tabs. Return whether there is a session. */
async function renew(asked: number): Promise<boolean> {
  const once = async () => {
    // Another request of this tab has renewed it since this one was sent.
    if (lastRenewal > asked) return true;
    const response = await fetch(RENEW, {
      method: 'POST',
      credentials: 'same-origin',
      // Goes on if the page is left: the old refresh token is used up, so the new one must arrive.
      keepalive: true,
      headers: { ...SESSION_HEADERS, 'content-type': 'application/json' },
      body: '{}',
    });
    if (response.ok) lastRenewal = performance.now();
    return response.ok;
  };
  const locks = (navigator as Partial<Navigator>).locks;
  return locks ? locks.request('chimera-renewal', once) : once();
}

/** Send a request. If the access token has expired, renew the session and send the request again. */
export const query: BaseQueryFn<string | FetchArgs, unknown, FetchBaseQueryError> = async (args, api, options) => {
  const asked = performance.now();
  const first = await request(args, api, options);
  const url = typeof args === 'string' ? args : args.url;
  rememberEtag(url, first.meta?.response?.headers);
  if (first.error?.status !== 401 || SIGN_IN.test(url)) return first;
  if (!(await renew(asked))) return first;
  const second = await request(args, api, options);
  rememberEtag(url, second.meta?.response?.headers);
  return second;
};

/** Fetch with the session, for what isn't JSON: downloads and uploads with progress. */
export async function fetchWithSession(input: string, init: RequestInit = {}): Promise<Response> {
  const asked = performance.now();
  const send = () =>
    fetch(input, { ...init, credentials: 'same-origin', headers: { ...init.headers, ...SESSION_HEADERS } });
  const first = await send();
  if (first.status !== 401 || !(await renew(asked))) return first;
  return send();
}

export const api = createApi({
  baseQuery: query,
  endpoints: () => ({}),
  keepUnusedDataFor: 120,
  refetchOnReconnect: true,
});

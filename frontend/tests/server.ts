/** A stand-in for the API in tests: answers as the API does, with types from the OpenAPI document. */
import { http, HttpResponse, type JsonBodyType } from 'msw';
import { setupServer } from 'msw/node';
import type { MeView, Problem } from '../src/api';

export const ME: MeView = {
  id: '6f6b3f0e-0b3c-4d43-9b7e-2f3c7a1d9e10', email: 'ada@example.com', name: 'Ada', role: 'user',
  created_at: '2026-11-01T09:00:00Z', preferences: { theme: 'system', time_zone: 'Europe/Berlin' },
};

type Method = 'get' | 'post' | 'put' | 'delete';

/** Answer requests to a path below /api/v1, such as `answer('get', '/tasks', {…})`. */
export function answer<T extends JsonBodyType>(method: Method, path: string, body: T, status = 200) {
  return http[method](`*/api/v1${path}`, () => (status === 204 ? new HttpResponse(null, { status }) : HttpResponse.json(body, { status })));
}

/** Reject requests with a problem document. */
export function refuse(method: Method, path: string, status: number, problem: Partial<Problem> = {}) {
  const whole = { type: '/docs/errors#x', title: 'Problem', status, detail: 'It failed.', code: 'x', instance: 'r-1', errors: [], ...problem };
  return http[method](`*/api/v1${path}`, () => HttpResponse.json(whole, { status }));
}

const NOTHING = { items: [], next_cursor: null };

export const server = setupServer(
  answer('get', '/auth/me', ME),
  answer('post', '/auth/ws-ticket', { ticket: 'once', expires_at: '2026-12-01T12:00:30Z' }, 201),
  answer('get', '/approvals', NOTHING),
  answer('get', '/tasks', NOTHING),
  answer('get', '/agents', NOTHING),
  answer('get', '/schedules', NOTHING),
  answer('get', '/chat/sessions', NOTHING),
  answer('get', '/files', NOTHING),
  answer('get', '/tools', NOTHING),
  refuse('get', '/usage/limits', 503),
);

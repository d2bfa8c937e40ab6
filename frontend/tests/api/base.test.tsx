import { waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { api } from '../../src/api';
import { createStore } from '../../src/app/store';
import { ME, server } from '../server';

test('renews an expired session once for many requests', async () => {
  let renewed = 0;
  const sent: string[] = [];
  server.use(
    http.get('*/api/v1/auth/me', ({ request }) => {
      sent.push(request.headers.get('chimera-session') ?? '');
      return renewed > 0 ? HttpResponse.json(ME) : HttpResponse.json({ code: 'not_signed_in', detail: 'x' }, { status: 401 });
    }),
    http.get('*/api/v1/agents', () =>
      renewed > 0 ? HttpResponse.json({ items: [], next_cursor: null }) : HttpResponse.json({ code: 'not_signed_in', detail: 'x' }, { status: 401 }),
    ),
    http.post('*/api/v1/auth/refresh', () => {
      renewed += 1;
      return HttpResponse.json({ expires_in: 1800 });
    }),
  );
  const store = createStore();
  const [me, agents] = await Promise.all([
    store.dispatch(api.endpoints.me.initiate()),
    store.dispatch(api.endpoints.listAgents.initiate({})),
  ]);
  expect(me.data?.email).toBe(ME.email);
  expect(agents.data?.items).toEqual([]);
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent).toEqual(['cookie', 'cookie']);
  // jsdom has no Web Locks, so the two requests may renew one after the other, never more often.
  expect(renewed).toBeLessThanOrEqual(2);
});

test('repeats a parameter for each item of a list', async () => {
  let search = '';
  server.use(
    http.get('*/api/v1/tasks', ({ request }) => {
      search = new URL(request.url).search;
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  await createStore().dispatch(api.endpoints.listTasks.initiate({ status: ['failed', 'running'], limit: 5 }));
  expect(search).toBe('?limit=5&status=failed&status=running');
});

import { screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { open } from '../render';
import { answer, ME, server } from '../server';

const entry = (id: number, event: string) => ({ id, at: '2026-12-01T10:00:00Z', level: 'error', component: 'worker', event, fields: { task: 'abc' }, request_id: 'r-9' });

test('is closed to users who are not administrators', async () => {
  open('/logs');
  expect(await screen.findByRole('heading', { name: 'Only administrators can read the logs.' })).toBeVisible();
});

test('filters by what the address says, pages on, and shows fields', async () => {
  const asked: string[] = [];
  server.use(
    answer('get', '/auth/me', { ...ME, role: 'admin' }),
    http.get('*/api/v1/system/logs', ({ request }) => {
      const { searchParams } = new URL(request.url);
      asked.push(searchParams.toString());
      return HttpResponse.json(searchParams.get('cursor') ? { items: [entry(1, 'older_event')], next_cursor: null } : { items: [entry(2, 'call_failed')], next_cursor: 'c2' });
    }),
  );
  const { user, address } = open('/logs?level=error');
  await screen.findByText('call_failed');
  expect(asked[0]).toContain('level=error');
  await user.click(screen.getByRole('button', { name: 'Load more' }));
  await screen.findByText('older_event');
  expect(screen.getByText('call_failed')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Show fields: call_failed' }));
  expect(screen.getByRole('region', { name: 'Fields of call_failed' })).toHaveTextContent('"task": "abc"');
  await user.type(screen.getByRole('searchbox', { name: 'Text' }), 'disk');
  await screen.findByText('call_failed');
  await expect.poll(() => address()).toBe('/logs?level=error&q=disk');
  await expect.poll(() => asked.at(-1)).toContain('q=disk');
});

test('names the audit log’s acts in words', async () => {
  server.use(
    answer('get', '/auth/me', { ...ME, role: 'admin' }),
    answer('get', '/audit', { items: [{ id: '1', at: '2026-12-01T10:00:00Z', action: 'api_key.created', actor: 'ada@example.com', actor_id: 'a', address: '127.0.0.1', subject_id: 'k', request_id: null, details: {} }], next_cursor: null }),
  );
  open('/logs/audit');
  expect(await screen.findByText('API key created')).toBeVisible();
  expect(screen.getByText('by ada@example.com from 127.0.0.1')).toBeVisible();
});

import { screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { open } from '../render';
import { answer, ME, server } from '../server';

const PARTS = {
  database: { state: 'up', took_ms: 1.2, note: '' },
  redis: { state: 'away', took_ms: 3, note: 'Redis can’t be reached. Live progress is delayed.' },
};

test('shows each part with its state in words', async () => {
  server.use(
    answer('get', '/auth/me', { ...ME, role: 'admin' }),
    http.get('*/health', () => HttpResponse.json({ status: 'degraded', version: '1.2', parts: PARTS })),
    answer('get', '/analytics/system/metrics', {
      at: '2026-12-01T00:00:00Z',
      queues: { changes: 0, outbox: 2, outbox_oldest_s: 4, runs_open: { task: { queued: 3 } } },
      processes: [{ name: 'worker 12', component: 'worker', started_at: '2026-12-01T00:00:00Z', seen_at: '2026-12-01T00:00:00Z', figures: { slots: 20, slots_in_use: 5 } }],
    }),
  );
  open('/system-health');
  expect(await screen.findByText(/accepts work, but some of it is delayed/)).toBeVisible();
  expect(screen.getByRole('heading', { name: 'Redis' })).toBeVisible();
  expect(screen.getByText('Unavailable')).toBeVisible();
  expect(screen.getByText(/Live progress is delayed/)).toBeVisible();
  expect(await screen.findByText('5 of 20 slots')).toBeVisible();
  expect(screen.getByText('The oldest has waited 4.0 s.')).toBeVisible();
});

test('shows the report of an installation that is down', async () => {
  server.use(http.get('*/health', () => HttpResponse.json({ status: 'down', parts: { database: { state: 'away', took_ms: 1, note: 'Start it.' } } }, { status: 503 })));
  open('/system-health');
  expect(await screen.findByText(/Nothing can be accepted/)).toBeVisible();
  expect(screen.getByText('Start it.')).toBeVisible();
});

import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { open } from '../render';
import { answer, ME, refuse, server } from '../server';

const durations = { count: 3, p50_ms: 900, p95_ms: 4200, p99_ms: 6000 };
const calls = {
  attempts: 10, cancelled: 0, cost_micro_usd: 2_500_000, estimated_micro_usd: 0, failed: 2, finished: 7, in_doubt: 1,
  in_doubt_micro_usd: 40_000, late: 0, simulated: 10, success_rate: 0.7, usage: { input_tokens: 1200, output_tokens: 300 },
};
const overview = {
  by_agent: [{ agent: 'writer', ...calls }], by_model: [{ model: 'openai/gpt-5.6', ...calls }], latency: durations,
  days: [{ date: '2026-11-29', cost_micro_usd: 2_500_000, attempts: 10, finished: 7, input_tokens: 1200, output_tokens: 300 }],
  model_calls: calls, period: { since: '2026-11-25T00:00:00Z', until: '2026-12-01T10:00:00Z', time_zone: 'Europe/Berlin' },
  runs: { cancelled: 0, completed: 4, created: 5, failed: 1, success_rate: 0.8, duration: durations },
};

test('says where the money goes, also as a table', async () => {
  const asked: string[] = [];
  server.use(
    http.get('*/api/v1/analytics/overview', ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json(overview);
    }),
  );
  const { user } = open('/analytics?days=7');
  expect(await screen.findAllByText('10 attempts · 3 without an answer')).toHaveLength(2);
  expect(screen.getByText(/Up to \$0.04 more/)).toBeVisible();
  expect(screen.getByText('Simulated')).toBeVisible();
  expect(asked[0]).toContain('time_zone=Europe%2FBerlin');
  expect(asked[0]).not.toContain('user_id');
  await user.click(screen.getByRole('button', { name: 'Show as a table' }));
  expect(within(screen.getByRole('region', { name: 'Table: Cost by day' })).getByText('$2.50')).toBeVisible();
});

test('lets administrators see all users', async () => {
  const asked: string[] = [];
  server.use(
    answer('get', '/auth/me', { ...ME, role: 'admin' }),
    http.get('*/api/v1/analytics/overview', ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json(overview);
    }),
  );
  open('/analytics?whose=all');
  await screen.findByText('By agent');
  expect(asked[0]).toContain('user_id=all');
});

test('names failures with a link to their explanation', async () => {
  server.use(
    answer('get', '/analytics/agents/performance', { items: [{ agent: 'writer', version: 2, ...calls, failures: { rate_limited: 2 }, latency: durations, first_token: durations }], next_cursor: null, period: overview.period }),
    answer('get', '/analytics/tasks/analytics', { failures: { budget_reached: 1 }, kind: 'task', mean_queued_ms: null, waited: durations }),
  );
  open('/analytics/failures');
  expect(await screen.findByRole('link', { name: 'rate_limited (2)' })).toHaveAttribute('href', '/docs/errors#rate_limited');
  expect(await screen.findByText('budget_reached')).toBeVisible();
});

test('says what to do when there is nothing, or when it fails', async () => {
  server.use(answer('get', '/analytics/overview', { ...overview, days: [], model_calls: { ...calls, attempts: 0 }, runs: { ...overview.runs, created: 0 } }));
  const { unmount } = open('/analytics');
  expect(await screen.findByText('No model call has ended in this period.')).toBeVisible();
  unmount();
  server.use(refuse('get', '/analytics/overview', 503, { detail: 'The database is away.' }));
  open('/analytics');
  expect(await screen.findByText('The database is away.')).toBeVisible();
});

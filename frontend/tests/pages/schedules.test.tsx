import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import type { BackfillSpec, ScheduleSpec, ScheduleView, TaskView } from '../../src/api';
import { newTiming, timesOf, timingOf, wrongField } from '../../src/pages/schedules/timing';
import { instantIn, localIn } from '../../src/pages/schedules/zones';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const SCHEDULE: ScheduleView = {
  id: '1b7d02c4-0000-4000-8000-000000000001', name: 'Morning', cron: '0 7 * * 1-5', interval_s: null, time_zone: 'Europe/Berlin', overlap: 'skip', paused: false,
  created_at: '2026-11-01T09:00:00Z', next_runs: ['2026-12-01T06:00:00Z', '2026-12-02T06:00:00Z'], note: null,
  task: { goal: 'Report the news.', metadata: { team: 'x' }, budget: { max_cost_micro_usd: 500_000 } },
};
const RUN = {
  id: 'run-1', title: 'Report', goal: 'Report the news.', status: 'completed', created_at: '2026-11-30T06:00:01Z', due_at: '2026-11-30T06:00:00Z', started_at: '2026-11-30T06:00:02Z',
  ended_at: '2026-11-30T06:00:09Z', result: 'Nothing has changed.', error: null, spent_micro_usd: 1200, simulated: true,
} as TaskView;
const one = `/schedules/${SCHEDULE.id}`;
let saved: { body: unknown; match: string | null }[] = [];

beforeEach(() => {
  saved = [];
  server.use(
    answer('get', '/agents/models/available', { models: [], unreachable: {} }),
    answer('post', '/tasks/estimate', { based_on: 'prices', samples: 0, simulated: true, within_budget: true, duration_ms: null, cost_micro_usd: { p50: 1, p90: 2 }, model_calls: { p50: 1, p90: 2 }, tokens: { p50: 1, p90: 2 } }),
    answer('post', '/schedules/preview', { next_runs: ['2026-12-01T06:00:00Z'], time_zone: 'Europe/Berlin' }),
    http.get(`*/api/v1${one}`, () => HttpResponse.json(SCHEDULE, { headers: { ETag: '"v1"' } })),
    answer('get', '/schedules/another/runs', { items: [], next_cursor: null }),
    answer('get', `${one}/runs`, { items: [RUN], next_cursor: null }),
  );
});

test('lists schedules in words, with the last result', async () => {
  server.use(answer('get', '/schedules', { items: [SCHEDULE, { ...SCHEDULE, id: 'another', name: 'Hourly', cron: null, interval_s: 7200, paused: true }], next_cursor: null }));
  open('/schedules');
  expect(await screen.findByText('Monday to Friday at 07:00 (Europe/Berlin)')).toBeVisible();
  expect(screen.getByText('Every 2 hours')).toBeVisible();
  expect(screen.getByText('Paused')).toBeVisible();
  expect((await screen.findAllByRole('link', { name: 'Last run: Completed' }))[0]).toHaveAttribute('href', '/tasks/run-1');
});

test('says what to do where there are no schedules, and when they can’t be loaded', async () => {
  const { user } = open('/schedules');
  expect(await screen.findByText('You have no schedules yet')).toBeVisible();
  expect(screen.getAllByRole('link', { name: 'New schedule' })[0]).toHaveAttribute('href', '/schedules/new');
  server.use(refuse('get', '/schedules', 503, { detail: 'The database is away.' }));
  await user.click(screen.getByRole('combobox', { name: 'Show' }));
  await user.click(await screen.findByRole('option', { name: 'Shared with me' }));
  expect(await screen.findByText('The database is away.')).toBeVisible();
});

test('creates a schedule from words, with the next times shown', async () => {
  server.use(http.post('*/api/v1/schedules', async ({ request }) => {
    saved.push({ body: await request.json(), match: null });
    return HttpResponse.json(SCHEDULE, { status: 201 });
  }));
  const { user, address } = open('/schedules/new?goal=Report%20the%20news.');
  await user.type(await screen.findByRole('textbox', { name: /Name/ }), 'Morning');
  await user.click(screen.getByRole('button', { name: 'On days of the week' }));
  expect(await within(screen.getByRole('region', { name: 'Next ten runs' })).findByRole('listitem')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Create the schedule' }));
  await waitFor(() => expect(address()).toBe(one));
  expect(saved[0]?.body).toEqual({ name: 'Morning', cron: '0 7 * * 1,2,3,4,5', interval_s: null, time_zone: 'Europe/Berlin', overlap: 'skip', paused: false, task: { goal: 'Report the news.' } } satisfies ScheduleSpec);
});

test('shows a rejected cron expression at its field', async () => {
  server.use(refuse('post', '/schedules/preview', 422, { detail: 'The request is invalid.', errors: [{ field: 'body.cron', message: 'Use 0 0 * * *.', code: 'x' }] as never }));
  const { user } = open('/schedules/new');
  await user.click(await screen.findByRole('button', { name: 'Cron expression' }));
  expect(await screen.findByText('Use 0 0 * * *.')).toBeVisible();
});

test('shows a schedule with its runs and their results, and runs it now', async () => {
  let triggered = 0;
  server.use(http.post(`*/api/v1${one}/trigger`, () => {
    triggered += 1;
    return HttpResponse.json(SCHEDULE, { status: 202 });
  }));
  const { user } = open(one);
  expect(await screen.findByRole('heading', { level: 1, name: 'Morning' })).toBeVisible();
  expect(await screen.findByText('Nothing has changed.')).toBeVisible();
  expect(within(screen.getByRole('list', { name: 'Next ten runs' })).getAllByRole('listitem')).toHaveLength(2);
  await user.click(screen.getByRole('button', { name: 'Run now' }));
  await waitFor(() => expect(triggered).toBe(1));
  expect(await screen.findByText(/A run has been started/)).toBeVisible();
});

test('keeps what the form has no field for, and doesn’t overwrite the changes of others', async () => {
  server.use(http.put(`*/api/v1${one}`, async ({ request }) => {
    saved.push({ body: await request.json(), match: request.headers.get('If-Match') });
    return HttpResponse.json({ type: 'x', title: 'x', status: 412, code: 'changed', detail: 'Changed.', instance: 'r', errors: [] }, { status: 412 });
  }));
  const { user } = open(`${one}/edit`);
  expect(await screen.findByRole('textbox', { name: /Name/ })).toHaveValue('Morning');
  await user.click(screen.getByRole('button', { name: 'Save changes' }));
  expect(await screen.findByText(/Someone else has changed this schedule/)).toBeVisible();
  expect(saved[0]?.match).toBe('"v1"');
  expect((saved[0]?.body as ScheduleSpec).task).toEqual(SCHEDULE.task);
  await user.click(screen.getByRole('button', { name: 'Load again' }));
  await waitFor(() => expect(screen.queryByText(/Someone else has changed this schedule/)).toBeNull());
});

test('backfills a period in the schedule’s time zone', async () => {
  server.use(http.post(`*/api/v1${one}/backfill`, async ({ request }) => {
    saved.push({ body: await request.json(), match: null });
    return HttpResponse.json({ runs: ['2026-11-02T06:00:00Z'] }, { status: 202 });
  }));
  const { user } = open(one);
  await user.click(await screen.findByRole('button', { name: 'Backfill' }));
  const dialog = within(await screen.findByRole('dialog'));
  const type = async (label: string, value: string) => {
    const field = dialog.getByLabelText(label);
    await user.clear(field);
    await user.type(field, value);
  };
  await type('From', '2026-11-02T00:00');
  await type('To', '2026-11-02T12:00');
  await user.click(dialog.getByRole('button', { name: 'Create the runs' }));
  expect(await screen.findByText('1 run has been created.')).toBeVisible();
  expect(saved[0]?.body).toEqual({ start: '2026-11-01T23:00:00.000Z', end: '2026-11-02T11:00:00.000Z', overlap: 'buffer_all' } satisfies BackfillSpec);
});

test('deletes after asking, and names the schedule', async () => {
  let deleted = 0;
  server.use(http.delete(`*/api/v1${one}`, () => {
    deleted += 1;
    return new HttpResponse(null, { status: 204 });
  }));
  const { user, address } = open(one);
  await user.click(await screen.findByRole('button', { name: 'Delete' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Delete Morning?' }));
  await user.click(dialog.getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(address()).toBe('/schedules'));
  expect(deleted).toBe(1);
});

test('due times in words and as the API stores them are the same', () => {
  for (const cron of ['0 7 * * *', '30 22 * * 1,2,3,4,5', '5 0 31 * *', '*/15 9-17 * * 1', '0 9 13 * 5']) {
    expect(timesOf(timingOf({ cron, interval_s: null, time_zone: 'UTC' }))).toEqual({ cron, interval_s: null, time_zone: 'UTC' });
  }
  for (const interval_s of [90, 10, 7200, 86_400]) {
    expect(timesOf(timingOf({ cron: null, interval_s, time_zone: 'UTC' }))).toEqual({ cron: null, interval_s, time_zone: 'UTC' });
  }
  expect(timingOf({ cron: '0 7 * * 5-7', interval_s: null, time_zone: 'UTC' }).weekdays).toEqual([5, 6, 0]);
  expect(wrongField({ ...newTiming('UTC'), kind: 'weekly', weekdays: [] })).toBe('weekdays');
  expect(wrongField({ ...newTiming('UTC'), kind: 'interval', every: '0.1', unit: 'minutes' })).toBe('every');
});

test('local times keep their instant on both sides of a clock change', () => {
  for (const at of ['2026-10-24T22:30:00.000Z', '2026-10-25T02:30:00.000Z', '2027-03-28T00:30:00.000Z', '2027-03-28T01:30:00.000Z']) {
    expect(instantIn(localIn(new Date(at), 'Europe/Berlin'), 'Europe/Berlin')).toBe(at);
  }
  expect(instantIn('', 'UTC')).toBeUndefined();
});

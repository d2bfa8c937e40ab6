import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import type { TaskView } from '../../src/api';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const AT = '2026-12-01T02:30:13.000Z';
function task(number: number, more: Partial<TaskView> = {}): TaskView {
  return {
    id: `00000000-0000-4000-8000-00000000000${number}`, title: `Task ${number}`, goal: 'x', status: 'completed', model: 'openai/x', priority: 3, simulated: false, budget: null,
    spent_micro_usd: 120_000, in_doubt_micro_usd: 0, model_calls: 1, usage: {}, created_at: AT, started_at: AT, ended_at: '2026-12-01T02:30:18.000Z', error: null, error_code: null,
    last_call_at: AT, last_seq: 1, metadata: {}, on_failure: 'fail', result: null, schedule_id: null, subtasks_done: 1, subtasks_total: 2, temporal_url: 'http://127.0.0.1/', ...more,
  };
}

test('lists tasks with state, cost and progress, a page at a time', async () => {
  server.use(
    http.get('*/api/v1/tasks', ({ request }) => {
      const second = new URL(request.url).searchParams.get('cursor') === 'next';
      return HttpResponse.json({ items: [second ? task(2, { status: 'waiting', approvals_pending: 1 }) : task(1)], next_cursor: second ? null : 'next' });
    }),
  );
  const { user } = open('/tasks');
  expect(await screen.findByRole('link', { name: 'Task 1' })).toHaveAttribute('href', `/tasks/${task(1).id}`);
  expect(screen.getByText('$0.12')).toBeVisible();
  expect(screen.getByText('1 of 2')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Load more' }));
  expect(await screen.findByText('1 decision waits')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Load more' })).toBeNull();
});

test('filters by several states, with the choice in the address', async () => {
  const asked: string[][] = [];
  server.use(
    http.get('*/api/v1/tasks', ({ request }) => {
      asked.push(new URL(request.url).searchParams.getAll('status'));
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  const { user, address } = open('/tasks?status=failed');
  const states = await screen.findByRole('group', { name: 'States' });
  expect(within(states).getByRole('button', { name: 'Failed' })).toHaveAttribute('aria-pressed', 'true');
  await user.click(within(states).getByRole('button', { name: 'Running' }));
  await waitFor(() => expect(asked.at(-1)).toEqual(['running', 'failed']));
  expect(address()).toBe('/tasks?status=failed%2Crunning');
  expect(await screen.findByText('No task matches')).toBeVisible();
});

test('says what to do without any task', async () => {
  open('/tasks');
  expect(await screen.findByText('No tasks yet')).toBeVisible();
  expect(within(screen.getByRole('main')).getByRole('link', { name: 'New task' })).toHaveAttribute('href', '/tasks/new');
});

test('explains a failed request and tries again', async () => {
  server.use(refuse('get', '/tasks', 503, { detail: 'The database is away.' }));
  const { user } = open('/tasks');
  expect(await screen.findByText('The database is away.')).toBeVisible();
  server.use(answer('get', '/tasks', { items: [task(1)], next_cursor: null } as never));
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('link', { name: 'Task 1' })).toBeVisible();
});

test('offers only what the state allows, and deletes after asking', async () => {
  const deleted: string[] = [];
  server.use(
    answer('get', '/tasks', { items: [task(1)], next_cursor: null } as never),
    http.delete('*/api/v1/tasks/:id', ({ params }) => {
      deleted.push(String(params.id));
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = open('/tasks');
  await user.click(await screen.findByRole('button', { name: 'Actions for Task 1' }));
  expect(screen.queryByRole('menuitem', { name: 'Cancel task' })).toBeNull();
  await user.click(screen.getByRole('menuitem', { name: 'Delete' }));
  const dialog = await screen.findByRole('dialog', { name: 'Delete “Task 1”?' });
  await user.click(within(dialog).getByRole('button', { name: 'Delete task' }));
  await waitFor(() => expect(deleted).toEqual([task(1).id]));
});

test('shares a task with a group', async () => {
  const bodies: unknown[] = [];
  server.use(
    answer('get', '/tasks', { items: [task(1)], next_cursor: null } as never),
    answer('get', `/tasks/${task(1).id}/shares`, { items: [], next_cursor: null }),
    answer('get', '/groups', { items: [{ id: 'g-1', name: 'Kitchen', role: 'member', created_at: AT }], next_cursor: null }),
    http.put(`*/api/v1/tasks/${task(1).id}/shares/g-1`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({ group: 'Kitchen', group_id: 'g-1', kind: 'task', resource_id: task(1).id, right: 'use', created_at: AT });
    }),
  );
  const { user } = open('/tasks');
  await user.click(await screen.findByRole('button', { name: 'Actions for Task 1' }));
  await user.click(screen.getByRole('menuitem', { name: 'Share' }));
  const dialog = await screen.findByRole('dialog', { name: 'Share “Task 1”' });
  await user.click(await within(dialog).findByRole('combobox', { name: /Right/ }));
  await user.click(await screen.findByRole('option', { name: 'Can use' }));
  expect(within(dialog).getByText(/You pay for the calls/)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Share' }));
  await waitFor(() => expect(bodies).toEqual([{ right: 'use' }]));
});

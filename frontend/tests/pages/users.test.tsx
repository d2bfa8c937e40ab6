import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import type { UserDetails } from '../../src/api';
import { open } from '../render';
import { answer, ME, refuse, server } from '../server';

const ADMIN = { ...ME, role: 'admin' as const };
const PAGE = { next_cursor: null };
const CAROL: UserDetails = { id: 'c1', email: 'carol@example.com', name: 'Carol', role: 'user', kind: 'person', state: 'active', has_password: true, created_at: '2026-11-01T09:00:00Z', last_used_at: null };
const SPENT = { begins_at: '2026-12-01T00:00:00Z', ends_at: '2026-12-02T00:00:00Z', spent_micro_usd: 0, reserved_micro_usd: 0, in_doubt_micro_usd: 0 };

function oneUser(user: UserDetails) {
  server.use(
    answer('get', '/auth/me', ADMIN), answer('get', '/users/c1', user), answer('get', '/users/c1/api-keys', { items: [], ...PAGE }),
    answer('get', '/users', { items: [user], ...PAGE }),
    answer('get', '/users/c1/limits', { day: SPENT, month: SPENT, own: {}, limits: [], holdings: [], time_zone: 'UTC' }),
  );
}

test('is closed to users who are not administrators', async () => {
  open('/users');
  expect(await screen.findByRole('heading', { name: 'Only administrators can manage users.' })).toBeVisible();
});

test('searches by what the address says', async () => {
  const asked: string[] = [];
  server.use(
    answer('get', '/auth/me', ADMIN),
    http.get('*/api/v1/users', ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json({ items: request.url.includes('q=zzz') ? [] : [CAROL], ...PAGE });
    }),
  );
  const { user } = open('/users?role=user');
  await screen.findByRole('link', { name: 'Carol' });
  expect(asked[0]).toContain('role=user');
  await user.type(screen.getByRole('searchbox'), 'zzz');
  await user.click(await screen.findByRole('button', { name: 'Clear filters' }));
  expect(await screen.findByRole('link', { name: 'Carol' })).toBeVisible();
});

test('lists service accounts apart from people, as the API does', async () => {
  const nightly: UserDetails = { ...CAROL, id: 's1', kind: 'service', name: 'nightly', email: 'nightly', has_password: false };
  server.use(
    answer('get', '/auth/me', ADMIN),
    http.get('*/api/v1/users', ({ request }) => HttpResponse.json({ items: [new URL(request.url).searchParams.get('kind') === 'service' ? nightly : CAROL], ...PAGE })),
  );
  const { user, address } = open('/users');
  await screen.findByRole('link', { name: 'Carol' });
  await user.click(screen.getByRole('combobox', { name: 'Kind' }));
  await user.click(screen.getByRole('option', { name: 'Service account' }));
  expect(await screen.findByRole('link', { name: 'nightly' })).toBeVisible();
  expect(address()).toBe('/users?kind=service');
});

test('shows the link of a new invitation once', async () => {
  server.use(answer('get', '/auth/me', ADMIN), answer('get', '/invitations', { items: [], ...PAGE }));
  server.use(answer('post', '/invitations', { id: 'i1', email: 'dan@example.com', role: 'user', token: 'tok/en', created_at: '2026-12-01T09:00:00Z', expires_at: '2026-12-04T09:00:00Z', used_at: null }, 201));
  const { user } = open('/users/invitations');
  await user.click(await screen.findByRole('button', { name: 'New invitation' }));
  await user.type(screen.getByLabelText('E-mail address'), 'dan@example.com');
  await user.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByRole('region', { name: 'Link' })).toHaveTextContent('/register#invitation=tok%2Fen');
  await user.click(screen.getByRole('button', { name: 'Close' }));
  await expect.poll(() => screen.queryByText(/tok%2Fen/)).toBeNull();
});

test('disables an account after saying what that does', async () => {
  oneUser(CAROL);
  const { user } = open('/users/c1');
  await user.click(await screen.findByRole('button', { name: 'Disable' }));
  const dialog = await screen.findByRole('dialog', { name: 'Disable Carol?' });
  expect(dialog).toHaveTextContent('open tasks are cancelled');
  server.use(answer('post', '/users/c1/disable', { ...CAROL, state: 'disabled' }));
  oneUser({ ...CAROL, state: 'disabled' });
  await user.click(within(dialog).getByRole('button', { name: 'Disable' }));
  expect(await screen.findByRole('button', { name: 'Enable' })).toBeVisible();
});

test('shows why the last administrator can’t be deleted', async () => {
  oneUser({ ...CAROL, role: 'admin' });
  server.use(refuse('delete', '/users/c1', 409, { detail: 'This is the last administrator.' }));
  const { user } = open('/users/c1');
  await user.click(await screen.findByRole('button', { name: 'Delete' }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete' }));
  expect(await screen.findByText('This is the last administrator.')).toBeVisible();
});

test('sets a limit in dollars and rejects what isn’t an amount', async () => {
  oneUser(CAROL);
  let sent: unknown;
  server.use(http.put('*/api/v1/users/c1/limits', async ({ request }) => {
    sent = await request.json();
    return HttpResponse.json({ day: SPENT, month: SPENT, own: {}, limits: [], holdings: [], time_zone: 'UTC' });
  }));
  const { user } = open('/users/c1');
  const field = await screen.findByLabelText('Per day (US dollars)');
  const save = within(screen.getByRole('region', { name: 'Spending limits' })).getByRole('button', { name: 'Save' });
  await user.type(field, 'five');
  expect(save).toBeDisabled();
  await user.clear(field);
  await user.type(field, '0.50');
  await user.click(save);
  await screen.findByText('The limits are saved. They apply from the next call.');
  expect(sent).toEqual({ max_cost_day_micro_usd: 500000, max_cost_month_micro_usd: null });
});

test('creates a key of a service account and shows it once', async () => {
  oneUser({ ...CAROL, kind: 'service', has_password: false, name: 'nightly', email: 'nightly' });
  server.use(answer('post', '/users/c1/api-keys', { id: 'k', name: 'report', begins_with: 'ck_1', key: 'ck_123', scopes: ['write'], created_at: '2026-12-01T09:00:00Z', expires_at: null, last_used_at: null }, 201));
  const { user } = open('/users/c1');
  expect(await screen.findByRole('heading', { name: 'nightly' })).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Reset password' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'New key' }));
  await user.type(screen.getByLabelText(/^Name of the program/), 'report');
  await user.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByRole('region', { name: 'API key' })).toHaveTextContent('ck_123');
});

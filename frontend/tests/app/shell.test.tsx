import { screen, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { open } from '../render';
import { answer, ME, refuse, server } from '../server';

describe('the shell', () => {
  test('shows administrators their places, and nobody else', async () => {
    const { unmount } = open('/nowhere');
    const navigation = await screen.findByRole('navigation', { name: 'Main navigation' });
    expect(within(navigation).getByRole('link', { name: 'Tasks' })).toBeVisible();
    expect(within(navigation).queryByRole('link', { name: 'Users' })).toBeNull();
    unmount();
    server.use(answer('get', '/auth/me', { ...ME, role: 'admin' }));
    open('/nowhere');
    expect(await screen.findByRole('link', { name: 'Users' })).toBeVisible();
  });

  test('sends those without a session to sign in, and back', async () => {
    server.use(refuse('get', '/auth/me', 401, { code: 'not_signed_in' }), refuse('post', '/auth/refresh', 401));
    const { address } = open('/tasks?status=failed');
    await screen.findByRole('heading', { name: 'Sign in' });
    expect(address()).toBe('/sign-in?next=%2Ftasks%3Fstatus%3Dfailed');
  });

  test('goes to a place by two keys', async () => {
    const { user, address } = open('/nowhere');
    await screen.findByRole('navigation', { name: 'Main navigation' });
    await user.keyboard('gc');
    expect(address()).toBe('/chat');
  });

  test('finds places in the palette', async () => {
    const { user, address } = open('/nowhere');
    await screen.findByRole('navigation', { name: 'Main navigation' });
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await screen.findByPlaceholderText('Search or jump to…'), 'sched');
    await user.keyboard('{Enter}');
    expect(address()).toBe('/schedules');
  });
});

import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { SignInOptions } from '../../src/api';
import { nextIn } from '../../src/pages/sign-in/next';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const OPTIONS: SignInOptions = { first_administrator: false, has_session: false, identity_provider: null, password_max_chars: 200, password_min_chars: 12, registration: 'invited' };

describe('next', () => {
  it.each(['//evil.example', '/\\evil.example', '/\t/evil.example', 'https://evil.example', 'javascript:alert(1)'])('never leaves the console: %s', (next) => {
    expect(nextIn(new URLSearchParams({ next }))).toBe('/');
  });
  it('keeps an address of the console', () => {
    expect(nextIn(new URLSearchParams({ next: '/tasks?status=failed#x' }))).toBe('/tasks?status=failed#x');
  });
});

it('signs in and goes on to the address that was asked for', async () => {
  server.use(answer('get', '/auth/options', OPTIONS), answer('post', '/auth/login', { expires_in: 900 }));
  const { user, address } = open('/sign-in?next=%2Finbox');
  await user.type(await screen.findByLabelText(/E-mail address/), 'ada@example.com');
  await user.type(screen.getByLabelText(/^Password/), 'correct horse battery');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  await waitFor(() => expect(address()).toBe('/inbox'));
});

it('says what is missing and what was rejected', async () => {
  server.use(answer('get', '/auth/options', OPTIONS), refuse('post', '/auth/login', 401, { detail: 'E-mail address or password is wrong.' }));
  const { user, address } = open('/sign-in');
  await user.click(await screen.findByRole('button', { name: 'Sign in' }));
  expect(screen.getAllByText('Fill in this field.')).toHaveLength(2);
  await user.type(screen.getByLabelText(/E-mail address/), 'ada@example.com');
  await user.type(screen.getByLabelText(/^Password/), 'wrong');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByText('E-mail address or password is wrong.')).toBeVisible();
  expect(address()).toBe('/sign-in');
});

it('sends signed-in visitors on', async () => {
  server.use(answer('get', '/auth/options', { ...OPTIONS, has_session: true }));
  const { address } = open('/sign-in?next=%2Finbox');
  await waitFor(() => expect(address()).toBe('/inbox'));
});

it('asks for an invitation and a long enough password to register', async () => {
  server.use(answer('get', '/auth/options', OPTIONS));
  const { user } = open('/register');
  await user.type(await screen.findByLabelText(/^Password/), 'short');
  await user.click(screen.getByRole('button', { name: 'Create the account' }));
  expect(screen.getByText('A password has at least 12 characters.')).toBeVisible();
  expect(screen.getByLabelText(/Invitation/)).toBeInvalid();
});

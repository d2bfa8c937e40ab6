import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { FileView } from '../../src/api';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const FILE: FileView = { id: '7a1f5d51-0b67-4c0b-8a57-2c4c07d7a001', name: 'report.bin', media_type: 'application/octet-stream', size_bytes: 2048, sha256: 'cd34', created_at: '2026-11-30T09:00:00Z' };

it('deletes a file only after asking', async () => {
  server.use(answer('get', `/files/${FILE.id}`, FILE), answer('delete', `/files/${FILE.id}`, null, 204), refuse('get', '/usage/limits', 500));
  const { user, address } = open(`/files/${FILE.id}`);
  await user.click(await screen.findByRole('button', { name: 'Delete' }));
  expect(screen.getByText('Delete report.bin?')).toBeVisible();
  await user.click(screen.getAllByRole('button', { name: 'Delete' }).at(-1) as HTMLElement);
  expect(await screen.findByText('report.bin is deleted.')).toBeVisible();
  expect(address()).toBe('/files');
});

it('lists files, and says what to do if there are none', async () => {
  server.use(answer('get', '/files', { items: [FILE], next_cursor: null }));
  const first = open('/files');
  expect(await screen.findByRole('link', { name: 'report.bin' })).toHaveAttribute('href', `/files/${FILE.id}`);
  first.unmount();
  server.use(answer('get', '/files', { items: [], next_cursor: null }));
  open('/files');
  expect(await screen.findByText('No files yet')).toBeVisible();
});

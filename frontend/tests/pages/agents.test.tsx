import { screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import type { AgentView } from '../../src/api';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const POET: AgentView = {
  id: 'a-1', name: 'poet', description: 'Writes verse', role: 'custom', prompt: 'Write a poem.', model: null, fallbacks: [], temperature: null, reasoning_effort: null,
  max_output_tokens: 2048, tools: ['lost_tool'], limits: { max_identical_calls: 3 }, output_schema: null, active: true, built_in: false, version: 3, right: null, owner_id: 'u-1',
};
const CODER: AgentView = { ...POET, id: null, name: 'coder', description: 'Writes code', built_in: true, version: null, tools: [] };
const page = (items: AgentView[]) => ({ items, next_cursor: null });

beforeEach(() =>
  server.use(
    answer('get', '/agents/:agent/status', { status: 'busy', calls: [{ path: '', purpose: 'work', since: '2026-12-01T10:00:00Z', step: 1, task_id: 't-1' }], tasks_waiting: 0 }),
    answer('get', '/tools', { items: [], next_cursor: null }),
    answer('get', '/agents/models/available', { models: [], unreachable: {} }),
    http.get('*/api/v1/agents/a-1', () => HttpResponse.json(POET, { headers: { etag: '"v3"' } })),
    answer('get', '/agents/coder', CODER),
  ),
);

test('lists agents with what they do, and filters them by the address', async () => {
  server.use(answer('get', '/agents', page([POET, CODER])));
  open('/agents?q=verse');
  expect(await screen.findByRole('link', { name: 'poet' })).toHaveAttribute('href', '/agents/a-1');
  expect(await screen.findByText('Busy')).toBeVisible();
  expect(screen.queryByRole('link', { name: 'coder' })).toBeNull();
});

test('says what to do without agents, and why they can’t be listed', async () => {
  open('/agents');
  expect(await screen.findByRole('heading', { name: 'You have no agents of your own.' })).toBeVisible();
});

test('shows a failure in the API’s words', async () => {
  server.use(refuse('get', '/agents', 500, { detail: 'The database is away.' }));
  open('/agents');
  expect(await screen.findByText('The database is away.')).toBeVisible();
});

test('built-in agents can only be copied', async () => {
  open('/agents/coder');
  expect(await screen.findByRole('link', { name: 'Make a copy' })).toHaveAttribute('href', '/agents/new?copy=coder');
  expect(screen.queryByRole('button', { name: 'Delete' })).toBeNull();
  expect(screen.queryByRole('tab', { name: 'Edit' })).toBeNull();
});

test('saves a change with If-Match, explains a conflict, and warns before changes are lost', async () => {
  const sent: { match: string | null; body: unknown }[] = [];
  server.use(
    http.put('*/api/v1/agents/a-1', async ({ request }) => {
      sent.push({ match: request.headers.get('if-match'), body: await request.json() });
      return HttpResponse.json({ code: 'changed', detail: 'It has changed.', status: 412 }, { status: 412 });
    }),
  );
  const { user, address } = open('/agents/a-1/edit');
  const prompt = await screen.findByRole('textbox', { name: /^Prompt/ });
  expect(await screen.findByText(/This tool doesn’t exist|this tool doesn’t exist/)).toBeVisible();
  await user.type(prompt, ' Rhyme.');
  await user.click(screen.getByRole('button', { name: 'Save as new version' }));
  expect(await screen.findByText(/Someone else changed this agent/)).toBeVisible();
  expect(sent).toEqual([{ match: '"v3"', body: expect.objectContaining({ name: 'poet', prompt: 'Write a poem. Rhyme.', limits: expect.objectContaining({ max_turns: null, max_identical_calls: 3 }) }) }]);
  await user.click(screen.getByRole('link', { name: 'Make a copy' }));
  expect(await screen.findByRole('dialog', { name: 'Leave without saving?' })).toBeVisible();
  expect(address()).toBe('/agents/a-1/edit');
});

test('names the fields that a new agent lacks', async () => {
  const { user } = open('/agents/new');
  await user.click(await screen.findByRole('button', { name: 'Create agent' }));
  expect(screen.getByText('Write a prompt.')).toBeVisible();
  expect(screen.getByText(/Begin with a small letter/)).toBeVisible();
});

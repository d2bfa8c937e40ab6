import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChatMessageView } from '../../../src/api';
import { socket } from '../../line';
import { open } from '../../render';
import { answer, refuse, server } from '../../server';
import { message, SESSION, state } from './chats';

const QUESTION = message('a', null, 'user', 'What is tea?');
const REPLY = message('b', 'a', 'assistant', '[simulated] Tea is a drink.', { reply: state() });
const page = (...items: ChatMessageView[]) => ({ items, next_cursor: null, previous_cursor: null });
const messages = (...items: ChatMessageView[]) => answer('get', '/chat/sessions/s1/messages', page(...items));

beforeEach(() => {
  socket.forget();
  sessionStorage.clear();
  server.use(
    answer('get', '/chat/sessions', { items: [SESSION], next_cursor: null }),
    answer('get', '/chat/sessions/s1', SESSION),
    answer('get', '/models', { models: [], media: [], unreachable: {} }),
    messages(REPLY, QUESTION),
  );
});

const field = () => screen.findByRole('textbox', { name: 'Message' });

describe('a chat', () => {
  it('shows its messages with cost and what the simulator wrote', async () => {
    open('/chat/s1');
    expect(await screen.findByText('What is tea?')).toBeVisible();
    expect(await screen.findByText('[simulated] Tea is a drink.')).toBeVisible();
    expect(screen.getByText('Simulated')).toBeVisible();
    expect(screen.getByText('$0.0012', { exact: false })).toBeVisible();
    expect(screen.getByRole('heading', { level: 1, name: 'About tea' })).toBeVisible();
  });

  it('shows the reply while it is written, and then the stored text', async () => {
    const sent: unknown[] = [];
    const asked = message('c', 'b', 'user', 'And coffee?');
    const writing = message('d', 'c', 'assistant', null, { reply: state({ id: 'r2', status: 'running', finish_reason: null }) });
    server.use(
      http.post('*/api/v1/chat/sessions/s1/messages', async ({ request }) => {
        sent.push(await request.json());
        return HttpResponse.json({ message: asked, reply: writing }, { status: 202 });
      }),
    );
    const { user } = open('/chat/s1');
    await user.type(await field(), 'And coffee?{Enter}');
    expect(await screen.findByText('And coffee?')).toBeVisible();
    expect(sent).toEqual([{ text: 'And coffee?', attachments: [] }]);
    expect(await field()).toHaveValue('');
    await waitFor(() => expect(socket.follows('run:r2')).toBe(true));
    const begun = (seq: number, attempt: number) => ({
      type: 'event', topic: 'run:r2', run_id: 'r2', seq, at: '2026-12-01T00:00:00Z',
      event: { type: 'model_call.started', path: '', step: 1, attempt, purpose: 'turn', agent: '', model: 'm', simulated: true },
    });
    const piece = (attempt: number, text: string) => ({ type: 'tokens', topic: 'run:r2', run_id: 'r2', path: '', purpose: 'turn', step: 1, attempt, offset: 0, text });
    socket.push(begun(1, 1), piece(1, 'Coffee is bla'));
    expect(await screen.findByText('Coffee is bla')).toBeVisible();
    // The worker dies, and another one writes the text again.
    socket.push(begun(2, 2), piece(2, 'Coffee is bitter'));
    expect(await screen.findByText('Coffee is bitter')).toBeVisible();
    expect(screen.queryByText('Coffee is bla')).toBeNull();
    expect(screen.getByText(/Attempt 2/)).toBeVisible();
    server.use(messages({ ...writing, text: 'Coffee is bitter.', reply: state({ id: 'r2' }) }, asked, REPLY, QUESTION));
    socket.push({ type: 'event', topic: 'run:r2', run_id: 'r2', seq: 3, at: '2026-12-01T00:00:01Z', event: { type: 'run.completed', path: '', preview: '' } });
    expect(await screen.findByText('Coffee is bitter.')).toBeVisible();
    expect(screen.queryByText(/Attempt 2/)).toBeNull();
  });

  it('gives the text back if a message is rejected', async () => {
    server.use(refuse('post', '/chat/sessions/s1/messages', 429, { detail: 'You have 200 open replies.', code: 'too_many' }));
    const { user } = open('/chat/s1');
    await user.type(await field(), 'And coffee?{Enter}');
    expect(await screen.findByText('You have 200 open replies.')).toBeVisible();
    await waitFor(async () => expect(await field()).toHaveValue('And coffee?'));
  });

  it('sends an edited message as a new branch', async () => {
    const sent: unknown[] = [];
    const edited = message('a2', null, 'user', 'What is cocoa?', { sibling: 2, siblings: 2, previous_sibling_id: 'a' });
    server.use(
      http.post('*/api/v1/chat/sessions/s1/messages', async ({ request }) => {
        sent.push(await request.json());
        return HttpResponse.json({ message: edited, reply: message('b2', 'a2', 'assistant', 'A drink, too.', { reply: state({ id: 'r3' }) }) });
      }),
    );
    const { user } = open('/chat/s1');
    await user.click(await screen.findByRole('button', { name: 'Edit' }));
    const box = await field();
    expect(box).toHaveValue('What is tea?');
    await user.clear(box);
    await user.type(box, 'What is cocoa?{Enter}');
    expect(await screen.findByText('A drink, too.')).toBeVisible();
    expect(sent).toEqual([{ text: 'What is cocoa?', attachments: [], parent_id: null }]);
    expect(screen.getByRole('group', { name: 'Version 2 of 2' })).toBeVisible();
    expect(screen.queryByText('What is tea?')).toBeNull();
  });

  it('stops a reply and says that its text is kept', async () => {
    const running = { ...REPLY, text: null, reply: state({ status: 'running', finish_reason: null }) };
    server.use(messages(running, QUESTION), answer('post', '/replies/r1/cancel', { id: 'r1', status: 'cancelling' }, 202));
    const { user } = open('/chat/s1');
    const stop = await screen.findByRole('button', { name: 'Stop the reply' });
    server.use(messages({ ...REPLY, text: 'Tea is', reply: state({ status: 'cancelled', finish_reason: 'interrupted' }) }, QUESTION));
    await user.click(stop);
    expect(await screen.findByText('The reply was stopped. The text that had arrived is kept.')).toBeVisible();
    expect(screen.getByText('Tea is')).toBeVisible();
  });

  it('keeps what was typed but not sent', async () => {
    const first = open('/chat/s1');
    await first.user.type(await field(), 'Half a thou');
    first.unmount();
    open('/chat/s1');
    expect(await field()).toHaveValue('Half a thou');
  });

  it('says why a reply failed', async () => {
    server.use(messages({ ...REPLY, text: null, reply: state({ status: 'failed', error: 'The provider rejected the key.' }) }, QUESTION));
    open('/chat/s1');
    expect(await screen.findByText(/The provider rejected the key\./)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Write another reply' })).toBeEnabled();
  });

  it('of another user can only be read', async () => {
    server.use(answer('get', '/chat/sessions/s1', { ...SESSION, owner_id: 'someone' }));
    open('/chat/s1');
    expect(await screen.findByText('Only the owner of this chat can write in it.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Edit' })).toBeNull();
  });

  it('that does not exist says so', async () => {
    server.use(refuse('get', '/chat/sessions/s1', 404, { detail: "There is no chat session 's1'." }));
    open('/chat/s1');
    expect(await screen.findByText("There is no chat session 's1'.")).toBeVisible();
  });
});

it('a new chat begins with its first message', async () => {
  const made: unknown[] = [];
  server.use(
    http.post('*/api/v1/chat/sessions', async ({ request }) => {
      made.push(await request.json());
      return HttpResponse.json(SESSION, { status: 201 });
    }),
    answer('post', '/chat/sessions/s1/messages', { message: QUESTION, reply: REPLY }, 202),
  );
  const { user, address } = open('/chat?agent=researcher');
  await user.type(await field(), 'What is tea?{Enter}');
  expect(await screen.findByText('[simulated] Tea is a drink.')).toBeVisible();
  expect(address()).toBe('/chat/s1');
  expect(made).toEqual([{ agent: 'researcher', model: null }]);
});

it('the search leads to a message', async () => {
  const hit = { message_id: 'a', session_id: 's1', session_title: 'About tea', role: 'user', created_at: '2026-11-30T09:00:00Z', snippet: [{ text: 'What is ', marked: false }, { text: 'tea', marked: true }] };
  server.use(answer('get', '/chat/search', { items: [hit], next_cursor: null }));
  const { user, address } = open('/chat?q=tea');
  await user.click(await screen.findByRole('button', { name: 'Show chats' }));
  const found = await screen.findByRole('region', { name: 'Messages' });
  await user.click(await within(found).findByRole('link'));
  expect(await screen.findByText('What is tea?')).toBeVisible();
  expect(address()).toBe('/chat/s1?q=tea&message=a');
});

import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, it } from 'vitest';
import type { ApprovalView } from '../../src/api';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const CALL: ApprovalView = {
  id: '0e9f1a52-5a5b-4a56-9a0c-1f6b6ce7b001', agent: 'courier', approvers: [], arguments: { url: 'https://example.com/\u202egpj.exe' }, created_at: '2026-11-30T09:00:00Z',
  decided_at: null, expires_at: '2026-12-07T09:00:00Z', index: 0, kind: 'tool_call', may_decide: true, path: 's1', reason: 'It leaves our network.', sha256: 'ab12', status: 'pending',
  step: 1, task_id: '5b0d4f3e-3a63-4d6f-8f0a-1c1d7f1c2b01', task_title: 'Send a request', terms: {}, tool: 'http_request', votes: [],
};
const QUESTION: ApprovalView = { ...CALL, id: '0e9f1a52-5a5b-4a56-9a0c-1f6b6ce7b002', kind: 'question', question: 'Which **color**?', options: ['red', 'green'], arguments: {}, tool: 'ask_person', created_at: '2026-11-30T10:00:00Z' };

function waiting(...items: ApprovalView[]) {
  server.use(answer('get', '/approvals', { items, next_cursor: null }), answer('get', '/tools', { items: [], next_cursor: null }));
}

it('shows the complete arguments with hidden characters as escapes, and approves', async () => {
  waiting(CALL);
  const sent: unknown[] = [];
  server.use(http.post(`*/api/v1/approvals/${CALL.id}/decision`, async ({ request }) => {
    sent.push(await request.json());
    return HttpResponse.json({ ...CALL, status: 'approved' });
  }));
  const { user } = open('/inbox');
  expect(await screen.findByText(/\\u202egpj\.exe/)).toBeVisible();
  expect(screen.getByText(/can’t be seen/)).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Approve' }));
  await waitFor(() => expect(sent).toEqual([{ decision: 'approve' }]));
  expect(await screen.findByText('Approved. The call runs.')).toBeVisible();
});

it('refuses arguments that are not JSON, and sends changed ones', async () => {
  waiting(CALL);
  const sent: unknown[] = [];
  server.use(http.post(`*/api/v1/approvals/${CALL.id}/decision`, async ({ request }) => {
    sent.push(await request.json());
    return HttpResponse.json({ ...CALL, status: 'approved' });
  }));
  const { user } = open('/inbox');
  await user.click(await screen.findByRole('button', { name: 'Change arguments' }));
  const editor = screen.getByLabelText('Arguments as JSON');
  await user.clear(editor);
  await user.type(editor, 'no');
  expect(await screen.findByText(/This is not valid JSON/)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Approve with these arguments' })).toBeDisabled();
  await user.clear(editor);
  await user.type(editor, '{{"url": "https://example.com/"}');
  await user.click(screen.getByRole('button', { name: 'Approve with these arguments' }));
  await waitFor(() => expect(sent).toEqual([{ decision: 'approve', arguments: { url: 'https://example.com/' } }]));
});

it('says who was faster', async () => {
  waiting(CALL);
  server.use(refuse('post', `/approvals/${CALL.id}/decision`, 409, { detail: 'ann@example.com has approved it already.' }));
  const { user } = open('/inbox');
  await user.click(await screen.findByRole('button', { name: 'Approve' }));
  expect(await screen.findByText('ann@example.com has approved it already.')).toBeVisible();
});

it('answers a question with a suggestion, and moves by keys', async () => {
  waiting(CALL, QUESTION);
  const sent: unknown[] = [];
  server.use(http.post(`*/api/v1/approvals/${QUESTION.id}/answer`, async ({ request }) => {
    sent.push(await request.json());
    return HttpResponse.json({ ...QUESTION, status: 'answered' });
  }));
  const { user, address } = open('/inbox');
  await screen.findByRole('button', { name: 'Approve' });
  await user.keyboard('j');
  await waitFor(() => expect(address()).toBe(`/inbox/${QUESTION.id}`));
  await user.click(await screen.findByRole('button', { name: 'green' }));
  await waitFor(() => expect(sent).toEqual([{ answer: 'green' }]));
});

it('says what to do if nothing waits, and why the list is missing', async () => {
  const first = open('/inbox');
  expect(await screen.findByText('Nothing waits for you')).toBeVisible();
  first.unmount();
  server.use(refuse('get', '/approvals', 500, { detail: 'The database is away.' }));
  open('/inbox');
  expect(await screen.findByText(/The database is away/)).toBeVisible();
});

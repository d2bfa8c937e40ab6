import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import type { CostView, EventPage, MessageView, Span, TaskView } from '../../src/api';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const ID = '4a7eace0-303f-458b-8296-8dbe8838f9b9';
const AT = '2026-12-01T02:30:13.000Z';
const TASK: TaskView = {
  id: ID, title: 'Tea or coffee', goal: 'Compare tea and coffee', status: 'running', model: 'simulator/standard', priority: 3, simulated: true,
  budget: { max_cost_micro_usd: 50_000, max_model_calls: null, max_tokens: null }, spent_micro_usd: 3000, in_doubt_micro_usd: 0, model_calls: 3,
  usage: { input_tokens: 100, output_tokens: 50 }, created_at: AT, started_at: AT, ended_at: null, error: null, error_code: null, last_call_at: AT,
  last_seq: 9, metadata: {}, on_failure: 'fail', result: null, schedule_id: null, subtasks_done: 1, subtasks_total: 2, temporal_url: 'http://127.0.0.1:8233/x',
};
const SUBTASK = {
  key: 'facts', path: 'facts', title: 'Collect facts', agent: 'researcher', instruction: '…', depends_on: [], started_at: AT, ended_at: null, status: 'running',
  error: null, error_code: null, result: null, spent_micro_usd: 0, turns: 1, usage: {},
};

function given(task: Partial<TaskView> = {}) {
  server.use(answer('get', `/tasks/${ID}`, { ...TASK, ...task } as never));
}

/** Record the bodies that are sent to a path. */
function sent(method: 'post' | 'put' | 'delete', path: string, response: object = TASK): unknown[] {
  const bodies: unknown[] = [];
  server.use(
    http[method](`*/api/v1/tasks/${ID}${path}`, async ({ request }) => {
      bodies.push(await request.json().catch(() => null));
      return HttpResponse.json(response);
    }),
  );
  return bodies;
}

beforeEach(() => {
  server.use(answer('get', `/tasks/${ID}/subtasks`, { items: [SUBTASK], next_cursor: null }));
});

test('shows state, figures and what can be done', async () => {
  given();
  open(`/tasks/${ID}/result`);
  expect(await screen.findByRole('heading', { level: 1, name: 'Tea or coffee' })).toBeVisible();
  expect(screen.getByText('Running')).toBeVisible();
  expect(screen.getByText('Simulated')).toBeVisible();
  expect(screen.getByText('of $0.05')).toBeVisible();
  expect(screen.getByText('1 of 2 done')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Pause' })).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Retry' })).toBeNull();
  expect(await screen.findByText('No answer yet')).toBeVisible();
  expect(document.title).toBe('Tea or coffee · Result · Chimera');
});

test('says that a task is gone or foreign', async () => {
  server.use(refuse('get', `/tasks/${ID}`, 404, { code: 'not_found' }));
  open(`/tasks/${ID}`);
  expect(await screen.findByRole('heading', { level: 1, name: 'This task can’t be shown' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'All tasks' })).toHaveAttribute('href', '/tasks');
});

test('cancels after saying what is cut', async () => {
  given();
  const bodies = sent('post', '/cancel', { ...TASK, status: 'cancelling' });
  const { user } = open(`/tasks/${ID}/result`);
  await user.click(await screen.findByRole('button', { name: 'Cancel task' }));
  const dialog = await screen.findByRole('dialog', { name: 'Cancel “Tea or coffee”?' });
  expect(await within(dialog).findByText('Collect facts')).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Cancel task' }));
  await waitFor(() => expect(bodies).toHaveLength(1));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

test('suggests the budget that lets the task go on', async () => {
  given({
    status: 'waiting',
    waiting: { kind: 'budget', limit: 'max_cost_micro_usd', message: 'The budget is used up.', needed: 61_000, remedy: { action: 'raise_budget', options: { max_cost_micro_usd: 100_000 } } },
  });
  const bodies = sent('post', '/budget');
  const { user } = open(`/tasks/${ID}/result`);
  await user.click(await screen.findByRole('button', { name: 'Raise the budget' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText('The next call needs at least $0.061.')).toBeVisible();
  const cost = within(dialog).getByLabelText('Most it may cost, in US dollars');
  expect(cost).toHaveValue('0.10');
  await user.clear(cost);
  await user.type(cost, 'much');
  await user.click(within(dialog).getByRole('button', { name: 'Set budget' }));
  expect(within(dialog).getByText('Write a number such as 0.50.')).toBeVisible();
  expect(bodies).toEqual([]);
  await user.clear(cost);
  await user.type(cost, '0.25');
  await user.click(within(dialog).getByRole('button', { name: 'Set budget' }));
  await waitFor(() => expect(bodies).toEqual([{ max_cost_micro_usd: 250_000 }]));
});

test('leads to the question that it waits for', async () => {
  given({
    status: 'waiting', approvals_pending: 1,
    waiting: {
      kind: 'approval', pending: 1, message: 'x', remedy: { action: 'show_approval' },
      approvals: [{ id: 'a-1', kind: 'question', agent: 'clerk', path: 'facts', tool: 'ask_person', question: 'Red or green?' }],
    },
  });
  open(`/tasks/${ID}/result`);
  expect(await screen.findByText('clerk asks: Red or green?')).toBeVisible();
  expect(screen.getByRole('link', { name: 'Answer' })).toHaveAttribute('href', '/inbox/a-1');
});

test('steers the whole task, and says who reads it', async () => {
  given();
  const bodies = sent('post', '/steer', { guidance_id: 1, path: null, reaches: ['facts'], received: true });
  const { user } = open(`/tasks/${ID}/result`);
  await user.click(await screen.findByRole('button', { name: 'Steer' }));
  const dialog = await screen.findByRole('dialog');
  await user.click(within(dialog).getByRole('button', { name: 'Send' }));
  expect(within(dialog).getByText('Write what the agents should do.')).toBeVisible();
  await user.type(within(dialog).getByLabelText('Guidance'), 'Only Europe');
  await user.click(within(dialog).getByRole('switch', { name: 'Interrupt calls in flight' }));
  await user.click(within(dialog).getByRole('button', { name: 'Send' }));
  await waitFor(() => expect(bodies).toEqual([{ text: 'Only Europe', interrupt: true }]));
  expect(await screen.findByText('Sent. 1 running subtask reads it next.')).toBeVisible();
});

test('explains a failure and retries with another model', async () => {
  given({ status: 'failed', ended_at: AT, error: 'Too long.', error_code: 'context_too_long', remedy: { message: 'Use a larger model.', retry: true, change: ['model'] } });
  server.use(answer('get', '/agents/models/available', { models: [], unreachable: {} }));
  const bodies = sent('post', '/retry');
  const { user } = open(`/tasks/${ID}/result`);
  expect(await screen.findByRole('link', { name: 'context_too_long' })).toHaveAttribute('href', '/docs/errors#context_too_long');
  await user.click(screen.getByRole('button', { name: 'Retry' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText(/Choose another model/)).toBeVisible();
  await user.type(within(dialog).getByLabelText('Model for what failed'), 'openai/large');
  await user.click(within(dialog).getByRole('button', { name: 'Retry' }));
  await waitFor(() => expect(bodies).toEqual([{ model: 'openai/large' }]));
});

test('says after a cancellation what was cut', async () => {
  given({ status: 'cancelled', ended_at: AT });
  server.use(answer('get', `/tasks/${ID}/subtasks`, { items: [{ ...SUBTASK, status: 'cancelled' }], next_cursor: null }));
  open(`/tasks/${ID}/result`);
  expect(await screen.findByText('1 subtask was cut')).toBeVisible();
  expect(screen.getByText(/The last model call began/)).toBeVisible();
  expect(await screen.findByText('There’s no answer')).toBeVisible();
});

test('never makes HTML of a result', async () => {
  given({ status: 'completed', ended_at: AT, result: 'Hi <img src="https://evil.example/x.png"> ![pixel](https://evil.example/y.png)' });
  server.use(answer('get', `/tasks/${ID}/files`, { items: [], next_cursor: null }));
  open(`/tasks/${ID}/result`);
  expect(await screen.findByRole('link', { name: /pixel/ })).toHaveAttribute('href', 'https://evil.example/y.png');
  expect(within(screen.getByRole('main')).queryByRole('img')).toBeNull();
});

const MESSAGE: MessageView = {
  agent: null, content: '', created_at: AT, failed: null, finish_reason: null, guidance_id: null, model: null, path: 'facts', purpose: 'turn', role: 'user',
  seq: 1, step: 1, thought: null, tokens: 5, tool: null, tool_call_id: null,
};

test('folds tool calls with their results in the transcript', async () => {
  given();
  server.use(
    answer('get', `/tasks/${ID}/messages`, {
      items: [
        { ...MESSAGE, content: 'Do it' },
        { ...MESSAGE, seq: 2, role: 'assistant', agent: 'clerk', model: 'openai/x', thought: 'Hmm', tool_calls: [{ id: 'c1', name: 'calculator', arguments: '{"expression":"1+1"}' }] },
        { ...MESSAGE, seq: 3, role: 'tool', tool: 'calculator', tool_call_id: 'c1', content: 'two', failed: false },
      ],
      next_cursor: null,
    } as never),
  );
  const { user } = open(`/tasks/${ID}/transcript`);
  expect(await screen.findByText('Do it')).toBeVisible();
  expect(screen.queryByText('two')).toBeNull();
  await user.click(screen.getByRole('button', { name: /Calls calculator/ }));
  expect(screen.getByText(/"expression": "1\+1"/)).toBeVisible();
  expect(screen.getByText('two')).toBeVisible();
  expect(screen.getAllByRole('article')).toHaveLength(2);
  await user.click(screen.getByRole('button', { name: 'Reasoning' }));
  expect(screen.getByText('Hmm')).toBeVisible();
});

const SPANS: Span[] = [
  { kind: 'task', path: '', label: 'Tea', status: 'running', started_at: AT, ended_at: null },
  { kind: 'subtask', path: 'facts', label: 'Collect facts', status: 'running', started_at: AT, ended_at: null },
  { kind: 'model_call', path: 'facts', label: 'openai/x', status: 'failed', purpose: 'turn', step: 1, attempt: 1, started_at: AT, ended_at: '2026-12-01T02:30:14.000Z', error_code: 'rate_limited' },
  { kind: 'model_call', path: 'facts', label: 'openai/x', status: 'finished', purpose: 'turn', step: 1, attempt: 2, queued_at: '2026-12-01T02:30:14.000Z', started_at: '2026-12-01T02:30:16.000Z', first_token_at: '2026-12-01T02:30:16.500Z', ended_at: '2026-12-01T02:30:18.000Z', cost_micro_usd: 120_000 },
];

test('tells the figures of a call in the timeline by keyboard, and as a table', async () => {
  given();
  server.use(answer('get', `/tasks/${ID}/timeline`, { complete: true, spans: SPANS } as never));
  const { user } = open(`/tasks/${ID}/timeline`);
  const second = await screen.findByRole('button', { name: 'Turn · step 1 · Attempt 2 · openai/x, Finished, Queue 2.0 s, To the first token 500 ms, Total 2.0 s' });
  expect(screen.getByRole('button', { name: /openai\/x, Failed/ })).toBeVisible();
  await user.click(screen.getByRole('button', { name: /openai\/x, Failed/ }));
  expect(screen.getByRole('link', { name: 'rate_limited' })).toBeVisible();
  await user.keyboard('{ArrowDown}');
  expect(second).toHaveFocus();
  expect(screen.getByText('$0.12')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Show as a table' }));
  expect(within(screen.getByRole('table')).getAllByRole('row')).toHaveLength(5);
});

const USAGE = { input_tokens: 10, output_tokens: 5 };
const ATTEMPT = {
  agent: 'writer', attempt: 1, cost_micro_usd: 3000, ended_at: AT, error_code: null, estimated: false, model: 'openai/x', path: 'facts', purpose: 'turn' as const, simulated: false,
  started_at: AT, status: 'finished' as const, step: 1, usage: USAGE,
};
const SHARE = { attempts: 2, cost_micro_usd: 3000, in_doubt_micro_usd: 700, usage: USAGE };

test('says where the money went, and what bought nothing', async () => {
  given();
  const cost: CostView = {
    attempts: [ATTEMPT, { ...ATTEMPT, attempt: 2, status: 'in_doubt', cost_micro_usd: 700 }], budget: TASK.budget, by_agent: [{ agent: 'writer', ...SHARE }],
    by_model: [{ model: 'openai/x', simulated: false, ...SHARE }], by_subtask: [{ path: 'facts', ...SHARE }], in_doubt_micro_usd: 700, model_calls: 2, reserved_micro_usd: 0, spent_micro_usd: 3000,
    usage: { ...USAGE, cached_input_tokens: 4 },
  };
  server.use(answer('get', `/tasks/${ID}/cost`, cost as never));
  const { user } = open(`/tasks/${ID}/cost`);
  expect(await screen.findByText('6% used')).toBeVisible();
  expect(screen.getByText(/1 attempt failed, was cut or is in doubt/)).toBeVisible();
  expect(screen.getByText(/4 of them from the provider’s cache/)).toBeVisible();
  expect(within(screen.getByRole('region', { name: 'By part of the task' })).getByText('Collect facts')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Every attempt' }));
  expect(within(screen.getByRole('table')).getByText('In doubt')).toBeVisible();
});

test('pages through raw events and filters them by type', async () => {
  given();
  const asked: string[] = [];
  server.use(
    http.get(`*/api/v1/tasks/${ID}/events/stored`, ({ request }) => {
      const after = new URL(request.url).searchParams.get('after') ?? '';
      asked.push(after);
      const second = after === '1';
      const page: EventPage = { items: [{ seq: second ? 2 : 1, at: AT, event: { type: second ? 'run.started' : 'run.accepted' } }] as EventPage['items'], next_after: second ? null : 1, last_seq: 2 };
      return HttpResponse.json(page);
    }),
  );
  const { user, address } = open(`/tasks/${ID}/events`);
  expect(await screen.findByText('run.accepted')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Load more' }));
  expect(await screen.findByText('run.started')).toBeVisible();
  expect(asked.at(-1)).toBe('1');
  await user.click(screen.getByRole('combobox', { name: 'Type' }));
  await user.click(await screen.findByRole('option', { name: 'run.started' }));
  await waitFor(() => expect(screen.queryByText('run.accepted')).toBeNull());
  expect(address()).toContain('type=run.started');
});

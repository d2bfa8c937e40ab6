import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import type { AgentView, ModelsView, TaskEstimate, TaskSpec, TaskView } from '../../src/api';
import { copyOf, EMPTY, formOf, specOf } from '../../src/pages/new-task/form';
import { cycleOf, layersOf, parsePlan, planErrors, withKey } from '../../src/pages/new-task/plan/plan';
import { open } from '../render';
import { answer, refuse, server } from '../server';

const say = (name: string, values?: object) => [name, ...Object.values(values ?? {})].join(' ');
const agent = (name: string, about: string): AgentView => ({ name, description: about, built_in: true, active: true, max_output_tokens: 2048, model: null, prompt: '', reasoning_effort: null, role: name, temperature: null, tools: [] });
const MODELS: ModelsView = {
  unreachable: {},
  models: [
    { model: 'simulator/standard', provider: 'simulator', usable: true, simulated: true, context_tokens: 1000, max_output_tokens: 1000, price: null },
    { model: 'openai/large', provider: 'openai', usable: false, simulated: false, context_tokens: 1000, max_output_tokens: 1000, price: null, advice: 'Set OPENAI_API_KEY.' },
  ],
};
const ESTIMATE: TaskEstimate = {
  based_on: 'similar_tasks', samples: 12, simulated: true, within_budget: null, duration_ms: { p50: 4000, p90: 9000 },
  cost_micro_usd: { p50: 20_000, p90: 50_000 }, model_calls: { p50: 4, p90: 7 }, tokens: { p50: 900, p90: 2100 },
};
const CREATED = '0b4f3a53-6a39-4f4e-8f51-4b1a6f7f4a11';
let sent: { body: TaskSpec; key: string | null }[] = [];

beforeEach(() => {
  sent = [];
  server.use(
    answer('get', '/agents/models/available', MODELS),
    answer('get', '/agents', { items: [agent('analyst', 'Answers questions.'), agent('writer', 'Writes texts.'), agent('planner', 'Plans.')], next_cursor: null }),
    answer('post', '/tasks/estimate', ESTIMATE),
    answer('post', '/schedules/preview', { next_runs: [], time_zone: 'UTC' }),
    // The page of the new task asks for more than matters here.
    http.get('*/api/v1/*', () => HttpResponse.json({ items: [], next_cursor: null })),
    http.post('*/api/v1/tasks', async ({ request }) => {
      sent.push({ body: (await request.json()) as TaskSpec, key: request.headers.get('Idempotency-Key') });
      return HttpResponse.json({ id: CREATED } as TaskView, { status: 201 });
    }),
    answer('get', '/auth/me', { id: 'u', email: 'ada@example.com', name: 'Ada', role: 'user', created_at: '2026-11-01T09:00:00Z' }),
  );
});

test('a goal and Ctrl+Enter start a task, and lead to its page', async () => {
  const { user, address } = open('/tasks/new');
  await user.type(await screen.findByRole('textbox', { name: /Goal/ }), 'Compare tea and coffee.');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(address()).toBe(`/tasks/${CREATED}`));
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).toEqual({ goal: 'Compare tea and coffee.' });
  expect(sent[0]?.key).toMatch(/.{20}/);
});

test('shows an estimate before the start, what it is based on, and that it is simulated', async () => {
  open('/tasks/new?goal=Compare%20tea%20and%20coffee.');
  const estimate = within(await screen.findByRole('region', { name: 'Estimate' }));
  expect(await estimate.findByText('$0.02 – $0.05')).toBeVisible();
  expect(estimate.getByText(/Based on 12 similar tasks/)).toBeVisible();
  expect(estimate.getByText('Simulated')).toBeVisible();
  expect(sent).toHaveLength(0);
});

test('says what is missing, and sends nothing', async () => {
  const { user } = open('/tasks/new');
  await user.click(await screen.findByRole('button', { name: 'Start the task' }));
  expect(await screen.findByText('Enter a goal.')).toBeVisible();
  expect(screen.getByRole('textbox', { name: /Goal/ })).toBeInvalid();
  expect(sent).toHaveLength(0);
});

test('shows a rejection at its field, and repeats the same request with the same key', async () => {
  const { user } = open('/tasks/new?goal=Tea');
  const keys: (string | null)[] = [];
  server.use(http.post('*/api/v1/tasks', ({ request }) => {
    keys.push(request.headers.get('Idempotency-Key'));
    return HttpResponse.json({ type: 'x', title: 'x', status: 422, code: 'invalid', detail: 'The request is invalid.', instance: 'r', errors: [{ field: 'body.goal', message: 'The goal is too vague.', code: 'x' }] }, { status: 422 });
  }));
  await user.click(await screen.findByRole('button', { name: 'Start the task' }));
  expect(await screen.findByText('The goal is too vague.')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Start the task' }));
  await waitFor(() => expect(keys).toHaveLength(2));
  expect(keys[0]).toBe(keys[1]);
  await user.type(screen.getByRole('textbox', { name: /Goal/ }), ' or coffee');
  await user.click(screen.getByRole('button', { name: 'Start the task' }));
  await waitFor(() => expect(keys).toHaveLength(3));
  expect(keys[2]).not.toBe(keys[0]);
});

test('an own plan with a cycle is marked at the subtask before it is sent', async () => {
  const { user } = open('/tasks/new?goal=Tea');
  await user.click(await screen.findByRole('button', { name: 'My own plan' }));
  await user.click(await screen.findByRole('button', { name: 'Edit as JSON' }));
  const field = await screen.findByRole('textbox', { name: 'Plan' });
  await user.clear(field);
  await user.click(field);
  await user.paste('[{"key": "a", "instruction": "A", "depends_on": ["b"]}, {"key": "b", "instruction": "B", "depends_on": ["a"]}]');
  await user.click(screen.getByRole('button', { name: 'Use this plan' }));
  expect(await screen.findByText(/none could start: a → b → a/)).toBeVisible();
  expect(within(screen.getByRole('group', { name: /Graph of the plan/ })).getAllByRole('button')).toHaveLength(2);
  await user.click(screen.getByRole('button', { name: 'Start the task' }));
  expect(sent).toHaveLength(0);
});

test('saves a draft for one agent', async () => {
  const { user } = open('/tasks/new?goal=Tea&agent=writer');
  await user.click(await screen.findByRole('button', { name: 'Save as draft' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.body).toEqual({ goal: 'Tea', start: false, plan: [{ key: 'answer', agent: 'writer', instruction: 'Tea' }] });
});

test('explains why a model can’t be chosen', async () => {
  const { user } = open('/tasks/new');
  await user.click(await screen.findByRole('combobox', { name: 'Model' }));
  const option = await screen.findByRole('option', { name: /large/ });
  expect(option).toHaveAttribute('aria-disabled', 'true');
  expect(within(option).getByText('Set OPENAI_API_KEY.')).toBeVisible();
});

test('takes the form along to a new schedule', async () => {
  const { user, address } = open('/tasks/new?goal=Report%20the%20news.');
  await user.click(await screen.findByRole('button', { name: 'Put on a schedule' }));
  await waitFor(() => expect(address()).toBe('/schedules/new'));
  expect(await screen.findByRole('textbox', { name: /Goal/ })).toHaveValue('Report the news.');
});

test('says that a task to copy can’t be loaded', async () => {
  server.use(refuse('get', '/tasks/:id', 404, { detail: 'There is no such task.' }));
  open('/tasks/new?from=nothing');
  expect(await screen.findByText('There is no such task.')).toBeVisible();
});

test('a form and the task that it stands for are the same', () => {
  const spec: TaskSpec = {
    goal: 'Tea', title: 'T', model: 'simulator/slow', fallbacks: ['simulator/standard'], priority: 1, on_failure: 'retry', max_retries: 4, on_truncated: 'fail',
    subtasks: 'inline', budget: { max_cost_micro_usd: 500_000, max_tokens: 7, max_model_calls: 3 }, limits: { max_turns: 5, max_output_tokens: 64 },
    output_schema: { type: 'object' }, plan: [{ key: 'a', instruction: 'A', depends_on: [] }],
  };
  expect(specOf(formOf(spec), say)).toEqual({ spec, errors: {} });
});

test('numbers and schemas that can’t be used are errors of their fields', () => {
  const { errors } = specOf({ ...EMPTY, goal: 'x', cost: '-1', tokens: '1.5', turns: 'many', schema: '[]' }, say);
  expect(Object.keys(errors).sort()).toEqual(['budget.max_cost_micro_usd', 'budget.max_tokens', 'limits.max_turns', 'output_schema']);
});

test('a copy leaves the planning to a planner, with the old plan at hand', () => {
  const task = { goal: 'G', title: 'T', priority: 3, on_failure: 'fail', fallbacks: [], images: [], budget: null, model: null } as unknown as TaskView;
  const part = { agent: 'analyst', depends_on: [], instruction: 'I', title: '' };
  const subtasks = [{ ...part, path: 'a', key: 'a' }, { ...part, path: 'a/b', key: 'b' }, { ...part, path: 'c', key: 'c', depends_on: ['a'] }];
  const form = copyOf(task, subtasks as unknown as Parameters<typeof copyOf>[1]);
  expect(form.mode).toBe('planner');
  expect(form.plan.map(({ key, decompose }) => [key, decompose])).toEqual([['a', true], ['c', false]]);
});

test('plans are checked, read and laid out', () => {
  const plan = [{ key: 'a', instruction: 'A' }, { key: 'b', instruction: '', depends_on: ['a', 'x'] }, { key: 'a', instruction: 'C' }, { key: 'B!', instruction: 'D' }];
  expect(planErrors(plan, say)).toEqual({
    'plan.1.instruction': 'errors.instruction', 'plan.1.depends_on': 'errors.unknownKey x', 'plan.2.key': 'errors.sameKey a', 'plan.3.key': 'errors.key',
  });
  expect(cycleOf([{ key: 'a', instruction: 'A', depends_on: ['a'] }])).toEqual(['a', 'a']);
  expect(() => parsePlan('[{"key": "a", "instruction": "A", "dependson": []}]', say)).toThrow('errors.unknownField 1 dependson');
  expect(() => parsePlan('{"a": 1}', say)).toThrow('errors.planShape');
  expect(parsePlan('{"plan": [{"key": "a", "instruction": "A"}]}', say)).toHaveLength(1);
  const chain = [{ key: 'c', instruction: 'C', depends_on: ['b'] }, { key: 'a', instruction: 'A' }, { key: 'b', instruction: 'B', depends_on: ['a'] }];
  expect(layersOf(chain).map(({ subtask, layer, row }) => [subtask.key, layer, row])).toEqual([['c', 2, 0], ['a', 0, 0], ['b', 1, 0]]);
  expect(withKey(chain, 1, 'first')[2]?.depends_on).toEqual(['first']);
});

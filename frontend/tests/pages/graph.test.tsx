import { screen, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { SubtaskView, TaskView } from '../../src/api';
import { layout } from '../../src/pages/task/graph/layers';
import { neighbour, sceneOf, type Shape } from '../../src/pages/task/graph/scene';
import GraphView from '../../src/pages/task/graph/View';
import { socket } from '../line';
import planned from '../live/plan.json';
import { show } from '../render';
import { answer, refuse, server } from '../server';

const TASK = planned.task as unknown as TaskView;
const SUBTASKS = planned.subtasks as unknown as SubtaskView[];
const FRAMES = planned.frames.map((frame) => ({ ...frame, type: 'event', topic: `run:${TASK.id}` }));

describe('the layout', () => {
  const box = (id: string, ...after: string[]) => ({ id, after, width: 100, height: 50 });

  test('places each box after those that it depends on, and none over another', () => {
    const boxes = Array.from({ length: 200 }, (_, i) => box(`b${i}`, ...(i < 20 ? [] : [`b${i - 20}`, `b${(i * 7) % (i - (i % 20))}`])));
    const { at, width, height } = layout(boxes);
    for (const { id, after } of boxes) for (const before of after) expect(at.get(before)?.x).toBeLessThan(at.get(id)?.x ?? 0);
    const places = [...at.values()];
    expect(new Set(places.map(({ x, y }) => `${x},${y}`)).size).toBe(200);
    expect(Math.max(...places.map(({ x }) => x)) + 100).toBe(width);
    expect(Math.max(...places.map(({ y }) => y)) + 50).toBeLessThanOrEqual(height);
    expect(layout(boxes)).toEqual(layout(boxes));
  });

  test('wraps many boxes that depend on nothing', () => {
    const { width, height } = layout(Array.from({ length: 200 }, (_, i) => box(`b${i}`)));
    expect(width / height).toBeGreaterThan(0.5);
    expect(width / height).toBeLessThan(3);
  });

  test('shows boxes of a cycle, too', () => {
    expect(layout([box('a', 'b'), box('b', 'a')]).at.size).toBe(2);
  });
});

describe('the scene', () => {
  const shapes: Shape[] = [
    { path: '', children: ['a', 'b'], dependsOn: [] },
    { path: 'a', children: ['a/x', 'a/y'], dependsOn: [] },
    { path: 'b', children: [], dependsOn: ['a'] },
    { path: 'a/x', children: [], dependsOn: [] },
    { path: 'a/y', children: [], dependsOn: ['x'] },
  ];
  const tree = new Map(shapes.map((shape) => [shape.path, shape]));

  test('frames unfolded subtasks, and hides what is below folded ones', () => {
    const scene = sceneOf(tree, '', new Map());
    expect(scene.cards.map(({ path }) => path).sort()).toEqual(['', 'a', 'a/x', 'a/y', 'b']);
    expect(scene.cards.find(({ path }) => path === 'a')?.isFrame).toBe(true);
    expect(scene.edges).toContainEqual({ from: 'a/x', to: 'a/y', isPlan: false });
    expect(sceneOf(tree, '', new Map([['a', false]])).cards.map(({ path }) => path).sort()).toEqual(['', 'a', 'b']);
    expect(sceneOf(tree, 'a', new Map()).cards.map(({ path }) => path)).toEqual(['a', 'a/x', 'a/y']);
  });

  test('moves along its edges', () => {
    const scene = sceneOf(tree, '', new Map([['a', false]]));
    expect(neighbour(scene, '', 'ArrowRight')).toBe('a');
    expect(neighbour(scene, 'a', 'ArrowRight')).toBe('b');
    expect(neighbour(scene, 'b', 'ArrowLeft')).toBe('a');
    expect(neighbour(scene, 'b', 'Enter')).toBeUndefined();
  });
});

describe('a task’s tree', () => {
  const path = `/tasks/${TASK.id}`;
  const stored = () => server.use(answer('get', path, { ...TASK }), answer('get', `${path}/subtasks`, { items: SUBTASKS, next_cursor: null }));

  test('is shown as stored, and then follows its events', async () => {
    stored();
    server.use(answer('get', path, { ...TASK, status: 'running', ended_at: null, last_seq: 4 }), answer('get', `${path}/subtasks`, { items: [], next_cursor: null }));
    show(<GraphView id={TASK.id} />, '/?as=list');
    const list = (await screen.findAllByRole('list', { name: 'List of subtasks' }))[0] as HTMLElement;
    expect(within(list).queryByRole('button', { name: /^Prices/ })).toBeNull();
    socket.push({ type: 'subscribed', topic: `run:${TASK.id}`, after: 0, last_seq: 7 }, ...FRAMES.slice(0, 7));
    expect(await within(list).findByRole('button', { name: /^tea.*Writing/ })).toBeVisible();
    expect(await within(list).findByRole('button', { name: /^Prices.*Pending/ })).toBeVisible();
    socket.push(...FRAMES.slice(7, 37));
    expect(await within(list).findByRole('button', { name: /^Prices.*Asks a question/ })).toBeVisible();
  });

  test('shows the selected node’s text as it comes, and takes attempts back', async () => {
    stored();
    server.use(answer('get', path, { ...TASK, status: 'running', ended_at: null }), answer('get', `${path}/subtasks`, { items: [], next_cursor: null }));
    const { address } = show(<GraphView id={TASK.id} />, '/?as=list&node=tea');
    await screen.findAllByRole('list', { name: 'List of subtasks' });
    const [topic, run_id] = [`run:${TASK.id}`, TASK.id];
    socket.push({ type: 'subscribed', topic, after: 0, last_seq: 7 }, ...FRAMES.slice(0, 7));
    const piece = { type: 'tokens', topic, run_id, path: 'tea', purpose: 'turn', step: 1 };
    socket.push({ ...piece, attempt: 1, offset: 0, text: 'Tea is old.' });
    expect(await screen.findByText('Tea is old.')).toBeVisible();
    const again = { ...FRAMES[6], seq: 8, event: { ...FRAMES[6]?.event, attempt: 2 } };
    socket.push(again, { ...piece, attempt: 2, offset: 0, text: 'Tea is a plant.' });
    expect(await screen.findByText('Tea is a plant.')).toBeVisible();
    expect(screen.queryByText('Tea is old.')).toBeNull();
    expect(screen.getByText('Attempt 2: The worker was lost. The text of attempt 1 was taken back.')).toBeVisible();
    expect(address()).toBe('/?as=list&node=tea');
  });

  test('gives guidance to one subtask', async () => {
    stored();
    server.use(
      answer('get', path, { ...TASK, status: 'running', ended_at: null }), answer('get', `${path}/subtasks`, { items: [], next_cursor: null }),
      answer('post', `${path}/steer`, { guidance_id: 1, path: 'tea', reaches: ['tea'], received: true }),
    );
    const { user } = show(<GraphView id={TASK.id} />, '/?as=list&node=tea');
    await screen.findAllByRole('list', { name: 'List of subtasks' });
    socket.push({ type: 'subscribed', topic: `run:${TASK.id}`, after: 0, last_seq: 7 }, ...FRAMES.slice(0, 7));
    const field = await screen.findByRole('textbox', { name: 'Guidance' });
    await user.type(field, 'Be brief.');
    await user.click(screen.getByRole('button', { name: 'Send guidance' }));
    await expect.poll(() => (field as HTMLTextAreaElement).value).toBe('');
  });

  test('says why it can’t be shown', async () => {
    server.use(refuse('get', path, 404, { detail: 'There is no such task.' }));
    show(<GraphView id={TASK.id} />, '/?as=list');
    expect(await screen.findByText('There is no such task.')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Try again' })).toBeVisible();
  });
});

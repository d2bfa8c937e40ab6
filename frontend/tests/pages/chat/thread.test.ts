import { expect, it } from 'vitest';
import { absorb, branchOf, EMPTY, missingOf } from '../../../src/pages/chat/thread/thread';
import { message } from './chats';

const A = message('a', null, 'user', 'One');
const B = message('b', 'a', 'assistant', 'Two');
const C = message('c', 'b', 'user', 'Three');
const C2 = message('c2', 'b', 'user', 'Other three');

it('shows the branch from its first known message to its end', () => {
  const thread = absorb(EMPTY, [C, B], 'c');
  expect(branchOf(thread).map(({ id }) => id)).toEqual(['b', 'c']);
  expect(missingOf(thread)).toBe('a');
});

it('knows that the beginning is there', () => {
  expect(missingOf(absorb(EMPTY, [C, B, A], 'c'))).toBeNull();
});

it('keeps messages of other branches', () => {
  const thread = absorb(absorb(EMPTY, [C, B, A], 'c'), [C2], 'c2');
  expect(branchOf(thread).map(({ id }) => id)).toEqual(['a', 'b', 'c2']);
  expect(branchOf({ ...thread, leaf: 'c' }).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { socket } from './line';
import { server } from './server';

vi.mock('../src/live/line', () => ({ connect: socket.connect }));

// Only ends tests that hang: the machine may be busy.
configure({ asyncUtilTimeout: 120_000 });

// What jsdom lacks.
window.ResizeObserver = class { observe() {} unobserve() {} disconnect() {} };
Element.prototype.scrollIntoView = () => undefined;
window.matchMedia = (query) =>
  ({ matches: false, media: query, addEventListener() {}, removeEventListener() {}, addListener() {}, removeListener() {}, dispatchEvent: () => false, onchange: null }) as MediaQueryList;

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => {
  cleanup();
  socket.forget();
  server.resetHandlers();
  localStorage.clear();
});
afterAll(() => server.close());

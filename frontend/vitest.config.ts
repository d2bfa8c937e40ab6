import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://127.0.0.1:8000/' } },
    setupFiles: ['tests/setup.ts'],
    include: ['tests/**/*.test.{ts,tsx}'],
    // Only ends tests that hang: the machine may be busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    restoreMocks: true,
    unstubGlobals: true,
  },
});

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const API = process.env.CHIMERA_API ?? 'http://127.0.0.1:8000';

// The API serves the console's assets below /console/, and its pages at every other address.
export default defineConfig({
  base: '/console/',
  plugins: [react()],
  build: {
    outDir: '../api/console',
    emptyOutDir: true,
    manifest: true,
    sourcemap: false,
    // A data: URI would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': API, '/health': API, '/ws': { target: API, ws: true } } },
});

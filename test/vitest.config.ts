import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seed.ts'],
    exclude: ['test/interop/**', 'test/bench/**', 'node_modules/**'],
    // Start-up of Node 20 triples with it, and no test needs it.
    env: { NODE_EXTRA_CA_CERTS: '' },
    testTimeout: 30_000,
  },
})

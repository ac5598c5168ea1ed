import { defineConfig } from 'vitest/config'
import { Summary } from './summary.ts'

// Real sops, real Kustomize, servers that speak AWS KMS, readers of YAML in other languages. CI runs it beside the tests.
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/peers.ts'],
    reporters: ['default', new Summary()],
    // The SDK of AWS warns of Node 20, which is not what is tested here.
    env: { NODE_EXTRA_CA_CERTS: '', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
})

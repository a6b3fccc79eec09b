import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { PATIENCE_MS } from './service/test/support/patience.ts'

/**
 * Each bus of a test has threads of its own. With this they need not strip types anew: a sixth of the time, and they do not
 * load the stripper's WebAssembly, with which V8 ends a process now and then when threads come and go by the hundred
 * (nodejs/node#64500).
 */
const COMPILED = fileURLToPath(new URL('./node_modules/.cache/intent-bus-tests', import.meta.url))

/** Where the results go as JSON too, for whoever adds them up. */
const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    include: [
      'service/test/**/*.test.ts',
      'clients/*/test/**/*.test.ts',
      'docs/test/**/*.test.ts',
      'ops/test/**/*.test.ts',
      'grafana/test/**/*.test.ts',
      'infra/test/**/*.test.ts',
    ],
    pool: 'forks',
    env: { NODE_COMPILE_CACHE: COMPILED },
    // On two cores the default is one worker, and twice the time.
    maxWorkers: '100%',
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * Each bus of a test has threads of its own. With this they need not strip types anew: a sixth of the time, and they do not
 * load the stripper's WebAssembly, with which V8 ends a process now and then when threads come and go by the hundred
 * (nodejs/node#64500).
 */
const COMPILED = fileURLToPath(new URL('./node_modules/.cache/intent-bus-tests', import.meta.url))

/** Where the results go as JSON too, for whoever adds them up. */
const report = process.env['TEST_REPORT']

/** What takes minutes, or root, or a compiler: kills, full disks, slow disks. One file at a time: they measure. */
export default defineConfig({
  test: {
    include: [
      'service/test/**/*.heavy.ts',
      'clients/*/test/**/*.heavy.ts',
      'docs/test/**/*.heavy.ts',
      'ops/test/**/*.heavy.ts',
      'grafana/test/**/*.heavy.ts',
      'infra/test/**/*.heavy.ts',
    ],
    pool: 'forks',
    env: { NODE_COMPILE_CACHE: COMPILED },
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

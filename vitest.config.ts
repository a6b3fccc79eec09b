import { defineConfig } from 'vitest/config'

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
    ],
    pool: 'forks',
    // On two cores the default is one worker, and twice the time.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

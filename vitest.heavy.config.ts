import { defineConfig } from 'vitest/config'

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
    ],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

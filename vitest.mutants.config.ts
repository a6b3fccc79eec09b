import { defineConfig } from 'vitest/config'
import { PATIENCE_MS } from './service/test/support/patience.ts'

/** For `npm run mutants`: the tests of the bus that take seconds, each in a process of its own, so that what it loads is its own. */
export default defineConfig({
  test: {
    include: ['service/test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      // It puts a module in the place of another.
      'service/test/openapi/document.test.ts',
      // They start programs, which are not counted.
      'service/test/{planted-keys,resealed-keys,short-secrets,start-and-stop}.test.ts',
      'service/test/backup/{directory,restore}.test.ts',
      'service/test/hostile/{localhost,slow-clients,unwritable-log}.test.ts',
      'service/test/store/{opening,ownership}.test.ts',
    ],
    setupFiles: ['service/test/mutants/covered-lines.ts'],
    // Node itself strips the types, so that what V8 counts is where it is in the file.
    experimental: { viteModuleRunner: false },
    pool: 'forks',
    isolate: true,
    maxWorkers: '100%',
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
  },
})

import { defineConfig } from 'vitest/config'

/** The protocol, put to a bus that runs somewhere: `npm run conformance` says which. One file at a time: they share it. */
export default defineConfig({
  test: {
    include: ['service/test/conformance/**/*.test.ts'],
    // They look at what is counted or kept by a bus that nobody else has used, beyond its answers.
    exclude: ['**/metrics-counts.test.ts', '**/secrets-at-rest.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

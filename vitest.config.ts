import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { PATIENCE_MS } from './service/test/support/patience.ts'

/**
 * Each bus of a test has threads of its own. With this they need not strip types anew: a sixth of the time, and they do not
 * load the stripper's WebAssembly, with which V8 ends a process now and then when threads come and go by the hundred
 * (nodejs/node#64500).
 */
const COMPILED = fileURLToPath(new URL('./node_modules/.cache/intent-bus-tests', import.meta.url))

/** Where the conformance suite notes what it called, for as long as the run lasts. */
const CALLS = join(tmpdir(), `intent-bus-calls-${process.pid}`)
process.once('exit', () => rmSync(CALLS, { recursive: true, force: true }))

/** Where the results go as JSON too, for whoever adds them up. */
const report = process.env['TEST_REPORT']

/**
 * The minutes: each test of theirs starts the command, a bus or the workers in sh, or waits as long as a client may.
 * `npm run test:programs` runs them.
 */
const PROGRAMS = [
  'clients/cli/test/*.test.ts',
  'docs/test/{at-least-once,backup,coming-from,command-line,keys,long-poll-and-batches}.test.ts',
  'docs/test/{moving-in,operations,patterns,publish,workers}.test.ts',
  'clients/shell/test/{clocks,foreign-answers,json,own-name,rooms,webhook,worker}.test.ts',
  'clients/phone/test/*.test.ts',
  'ops/acceptance/test/smoke.test.ts',
  'ops/test/release/release.test.ts',
  'ops/test/yesterday.test.ts',
  'ops/test/termux/*.test.ts',
  'service/test/{planted-keys,resealed-keys,short-secrets,start-and-stop}.test.ts',
  'service/test/backup/{directory,restore}.test.ts',
  'service/test/hostile/{localhost,slow-clients,unwritable-log}.test.ts',
  'service/test/store/{opening,ownership}.test.ts',
]

const EVERYWHERE = '{service,clients,docs,ops,grafana,infra}/**/test/**/*.test.ts'

/** They put a module of their own in the place of one of the bus or of Node, so each needs a process of its own. */
const MOCKED = ['service/test/openapi/document.test.ts', 'service/test/store/copy.test.ts']

/** It judges what the conformance suite called, so it runs when all others have. */
const COVERED = ['service/test/openapi/covered.test.ts']

type Suite = { include: string[]; exclude?: string[]; isolate: boolean; after?: true }

const suite = (name: string, { include, exclude = [], isolate, after }: Suite) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', ...exclude],
    isolate,
    sequence: { groupOrder: after ? 1 : 0 },
    restoreMocks: true,
    unstubEnvs: true,
  },
})

export default defineConfig({
  test: {
    projects: [
      // Files share what they import: to load it for each anew is two fifths of the time.
      suite('unit', { include: [EVERYWHERE], exclude: [...PROGRAMS, ...MOCKED, ...COVERED], isolate: false }),
      suite('mocked', { include: MOCKED, isolate: true }),
      suite('covered', { include: COVERED, isolate: false, after: true }),
      suite('programs', { include: PROGRAMS, isolate: true }),
    ],
    pool: 'forks',
    env: { NODE_COMPILE_CACHE: COMPILED, INTENT_BUS_CALLS: CALLS },
    // On two cores the default is one worker, and twice the time.
    maxWorkers: '100%',
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

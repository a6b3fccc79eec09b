import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { PATIENCE_MS } from './service/test/support/patience.ts'

/**
 * Each bus of a test has threads of its own. With this they need not strip types anew: a sixth of the time, and they do not
 * load the stripper's WebAssembly, with which V8 ends a process now and then when threads come and go by the hundred
 * (nodejs/node#64500).
 */
const COMPILED = fileURLToPath(new URL('./node_modules/.cache/intent-bus-tests', import.meta.url))

/** Where the results go as JSON too, for whoever adds them up. */
const report = process.env['TEST_REPORT']

/** They set up a phone, a machine, or Render, and change nothing of this one. */
const PHONES = [
  'clients/phone/test/*.heavy.ts',
  'ops/test/termux/*.heavy.ts',
  'infra/test/engine/render.heavy.ts',
  'infra/test/hetzner/*.heavy.ts',
]

/** They start a Docker: each has the iptables of the machine to itself. */
const HOSTS = ['docs/test/at-home.heavy.ts', 'ops/test/docker/*.heavy.ts', 'infra/test/**/*.heavy.ts']

/** They hold seconds or processor time against each other, so nothing runs beside them. */
const MEASURED = [
  'service/test/hostile/slow-disk.heavy.ts',
  'ops/acceptance/test/stress-limits.heavy.ts',
  'ops/acceptance/test/drill.heavy.ts',
]

const EVERYWHERE = '{service,clients,docs,ops,grafana,infra}/**/test/**/*.heavy.ts'

/** They take minutes, each longer than the next. One that began last would run on alone. */
const LONGEST = [
  'infra/test/engine/local.heavy.ts',
  'clients/shell/test/shells.heavy.ts',
  'clients/shell/test/leases.heavy.ts',
  'ops/test/alerts.heavy.ts',
  'service/test/store/ways-of-sqlite.heavy.ts',
  'clients/python/test/python-sdk.heavy.ts',
  'service/test/hostile/full-disk-ways-out.heavy.ts',
  'service/test/hostile/clock.heavy.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex(name => moduleId.endsWith(name))
      return at === -1 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

type Lane = {
  include: string[]
  exclude?: string[]
  /** How many files run at a time. */
  workers?: number
}

const lane = ({ include, exclude = [], workers = 1 }: Lane, name: string, order: number) => ({
  extends: true as const,
  test: {
    ...{ name, include, exclude: ['**/node_modules/**', ...exclude] },
    ...{ fileParallelism: workers > 1, maxWorkers: workers },
    // Where several lanes are run by one command, they follow each other.
    sequence: { groupOrder: order, sequencer: LongestFirst },
  },
})

const LANES: Record<string, Lane> = {
  hosts: { include: HOSTS, exclude: PHONES },
  phones: { include: PHONES },
  // They wait for half of their time: for leases, alerts, clocks.
  processes: { include: [EVERYWHERE], exclude: [...HOSTS, ...PHONES, ...MEASURED], workers: 2 },
  measured: { include: MEASURED },
}

/**
 * What takes minutes, or root, or a compiler: kills, full disks, slow disks. The lanes may run side by side, by
 * `--project NAME` each, but for the one that measures.
 */
export default defineConfig({
  test: {
    projects: Object.entries(LANES).map(([name, each], at) => lane(each, name, at)),
    pool: 'forks',
    env: { NODE_COMPILE_CACHE: COMPILED },
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

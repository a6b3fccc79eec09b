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

/** They start a Docker, deploy, or set up a phone: each has the iptables of the machine to itself. */
const HOSTS = [
  'docs/test/at-home.heavy.ts',
  'clients/phone/test/*.heavy.ts',
  'ops/test/docker/*.heavy.ts',
  'ops/test/termux/*.heavy.ts',
  'infra/test/**/*.heavy.ts',
]

/** They hold seconds or processor time against each other, so nothing runs beside them. */
const MEASURED = [
  'service/test/hostile/slow-disk.heavy.ts',
  'ops/acceptance/test/stress-limits.heavy.ts',
  'ops/acceptance/test/drill.heavy.ts',
]

const EVERYWHERE = '{service,clients,docs,ops,grafana,infra}/**/test/**/*.heavy.ts'

const lane = (name: string, include: string[], exclude: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude: ['**/node_modules/**', ...exclude] },
})

/**
 * What takes minutes, or root, or a compiler: kills, full disks, slow disks. One file at a time in each lane;
 * `--project hosts` and `--project processes` may run side by side.
 */
export default defineConfig({
  test: {
    projects: [
      lane('hosts', HOSTS),
      lane('processes', [EVERYWHERE], [...HOSTS, ...MEASURED]),
      lane('measured', MEASURED),
    ],
    pool: 'forks',
    env: { NODE_COMPILE_CACHE: COMPILED },
    fileParallelism: false,
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})

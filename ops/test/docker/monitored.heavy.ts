/**
 * All that can be composed here, in a real Docker: the bus, Prometheus and Alertmanager, in a copy of the clone that is
 * edited as docs/monitoring.md says. Grafana cannot be had; see base-images.sh for what stands in.
 */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { faultsOf, stillAtZero } from '../../../grafana/test/asked.ts'
import { LIVELY, lifeOf } from '../../../grafana/test/life.ts'
import { Client } from '../../../service/test/support/client.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { NIGHTLY } from '../../../service/test/support/nightly.ts'
import { root } from '../../../service/test/support/root.ts'
import { main as stressMain } from '../../acceptance/stress/run.ts'
import { Prometheus } from '../monitoring.ts'
import { burstTold, receiver } from '../notices.ts'
import { docker, Engine } from './engine.ts'
import { IMAGE, Stack } from './stack.ts'

const run = promisify(execFile)

const missing =
  docker.reason === null
    ? ['prometheus', 'prometheus-alertmanager'].find(name => installed(name) === undefined)
    : undefined
const cannot = docker.reason !== null || missing !== undefined
const named =
  missing === undefined
    ? docker.named('the whole stack')
    : `the whole stack (skipped: ${missing} is not installed)`

let engine: Engine
let stack: Stack
let prometheus: Prometheus

beforeAll(async () => {
  if (cannot) return
  engine = await Engine.start()
  await engine.build(IMAGE)
  stack = await Stack.copied(engine)
  stack.behindDeadProxy()
  prometheus = Prometheus.at(stack.urlOf('PROMETHEUS'))
  await stack.up('bus', 'prometheus', 'alertmanager')
}, 400_000)

afterAll(async () => {
  await engine?.stop()
  stack?.remove()
})

const isScraped = async (): Promise<boolean> =>
  (await prometheus.query('intent_bus_store_up'))[0]?.value === 1

describe.skipIf(cannot)(
  named,
  () => {
    test('Prometheus scrapes the bus and has its rules and its token, and nothing else of it; all is well', async () => {
      await vi.waitUntil(isScraped, { timeout: 60_000, interval: 500 })
      expect((await prometheus.rules()).length).toBeGreaterThan(10)
      expect(await prometheus.query('ALERTS')).toEqual([])
      const ls = ['exec', 'intent-bus-prometheus-1', '/bin/busybox', 'ls', '/etc/prometheus']
      expect(await engine.must(...ls)).toBe('bus-metrics-token')
      expect((await fetch(`${stack.urlOf('ALERTMANAGER')}/-/ready`)).status).toBe(200)
    })

    test('all of that behind a proxy of ~/.docker/config.json, which every container has, and which is not there', async () => {
      for (const service of ['bus', 'prometheus', 'alertmanager']) {
        const format = ['-f', '{{range .Config.Env}}{{println .}}{{end}}{{.State.Health.Status}}']
        const said = await engine.must('inspect', ...format, `intent-bus-${service}-1`)
        expect(said.split('\n')).toEqual(expect.arrayContaining(['http_proxy=http://127.0.0.1:9', 'healthy']))
      }
    })

    // How it ends is proved without a Docker: ops/test/alerts.heavy.ts.
    test('with Alertmanager to tell, a burst of dead letters reaches a webhook within a minute', {
      timeout: 480_000,
    }, async () => {
      const gateway = await engine.must(
        ...['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'intent-bus_default'],
      )
      const { url, notices } = await receiver(gateway)
      stack.edit('ops/prometheus/prometheus.yml', { 'targets: []': "targets: ['alertmanager:9093']" })
      stack.edit('ops/alertmanager/alertmanager.yml', {
        'receiver: nobody': 'receiver: ntfy',
        'https://ntfy.sh/CHANGE-ME?template=alertmanager': url,
      })
      await stack.compose('restart', 'prometheus', 'alertmanager')
      await stack.up('bus', 'prometheus', 'alertmanager')
      await vi.waitUntil(isScraped, { timeout: 60_000, interval: 500 })

      const master = new Client(stack.url, { 'x-api-key': (await stack.keys()).BUS_API_KEY })
      await burstTold(master, notices)
      const names = new Set(notices.map(({ alertname }) => alertname))
      expect(names).toEqual(new Set(['IntentBusDeadLettersGrow']))
    })

    test('the stress harness passes', async () => {
      vi.stubEnv('BUS_API_KEY', (await stack.keys()).BUS_API_KEY)
      const report = ['--json', '/dev/null', '--html', '/dev/null', '--quiet', '--no-ceiling']
      expect(await stressMain(['--target', stack.url, '--profile', 'medium', ...report])).toBe(0)
      vi.unstubAllEnvs()
    })

    test('every query of every panel and alert has an answer from this Prometheus', {
      timeout: 300_000,
    }, async () => {
      const lively = Object.entries(LIVELY).map(([name, value]) => `${name}=${value}\n`)
      stack.write('bus.env', lively.join(''))
      await stack.up('bus')
      const { BUS_API_KEY, BUS_ADMIN_TOKEN } = await stack.keys()
      const live = await lifeOf(stack.url, BUS_API_KEY, BUS_ADMIN_TOKEN)
      // Four scrapes, as Grafana has it; and the first backup half a minute after the start.
      await vi.waitUntil(
        async () => {
          await live()
          await sleep(2000)
          const [lost] = await prometheus.query('sum(rate(intent_bus_leases_expired_total[1m]))')
          const [backup] = await prometheus.query('intent_bus_last_backup_success_timestamp_seconds')
          return (lost?.value ?? 0) > 0 && (backup?.value ?? 0) > 0
        },
        { timeout: 200_000 },
      )
      const { asked, faults } = await faultsOf(prometheus, '1m')
      console.log(`${asked} queries asked of the composed Prometheus`)
      expect(asked).toBeGreaterThan(80)
      expect(faults).toEqual([])
      expect(await stillAtZero(prometheus, '1m')).toEqual([])
    })

    // By day `npm test` has all of it, with this driver and this writer.
    const [part, least] = NIGHTLY ? [[], 2000] : [['--only', 'settling'], 40]
    const name = `the conformance suite passes${NIGHTLY ? '' : ', in what it says of settling'}`
    test(name, { timeout: 900_000 }, async () => {
      stack.write('bus.env', '')
      await stack.up('bus')
      const env = {
        PATH: process.env['PATH'],
        INTENT_BUS_CONFIG: '/nonexistent/config.json',
        ...(await stack.keys()),
      }
      const args = ['ops/acceptance/conformance/run.ts', stack.url, '--erase', ...part]
      const { stdout } = await run(process.execPath, args, { cwd: root, env }).catch(error => {
        throw new Error(error.stdout + error.stderr)
      })
      console.log(stdout.trim().split('\n').at(-1))
      expect(Number(/^(\d+) proved, 0 not/m.exec(stdout)?.[1])).toBeGreaterThan(least)
    })
  },
  240_000,
)

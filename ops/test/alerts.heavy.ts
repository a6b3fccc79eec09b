/** The alerts in the real Prometheus and Alertmanager, with the shipped configuration. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ALERTS } from '../../grafana/src/alerts/all.ts'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { Client } from '../../service/test/support/client.ts'
import { installed } from '../../service/test/support/installed.ts'
import { root } from '../../service/test/support/root.ts'
import { Prometheus, prometheusConfig, startAlertmanager } from './monitoring.ts'
import { burstTold, endTold, receiver, shortSighted } from './notices.ts'

const run = promisify(execFile)
const MASTER = 'master-key-of-the-alerts-0123456789abcdef'
const METRICS = 'metrics-token-of-the-alerts-0123456789'
const rules = join(root, 'ops/prometheus/rules')
const alertmanager = join(root, 'ops/alertmanager/alertmanager.yml')

const without = (...programs: string[]): string | undefined =>
  programs.find(program => installed(program) === undefined)
const named = (suite: string, missing: string | undefined): string =>
  missing === undefined ? suite : `${suite} (skipped: ${missing} is not installed)`

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'bus-alerts-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const noPromtool = without('promtool')
describe.skipIf(noPromtool !== undefined)(named('promtool', noPromtool), () => {
  test('accepts the configuration and its rules', async () => {
    const config = prometheusConfig(folder(), { bus: 'bus:8080', metricsToken: METRICS })
    const { stdout } = await run('promtool', ['check', 'config', config])
    expect(stdout).toContain(`${ALERTS.length} rules found`)
  })

  const files = readdirSync(join(rules, 'test'))
  test.each(files)('sees each alert of %s fire, and not fire', async file => {
    const { stdout } = await run('promtool', ['test', 'rules', join(rules, 'test', file)])
    expect(stdout).toContain('SUCCESS')
  })

  const text = files.map(file => readFileSync(join(rules, 'test', file), 'utf8')).join('\n')
  test.each(ALERTS)('$name has a test in which it fires, and one in which it does not', ({ name }) => {
    expect(text).toContain(`labels: 'ALERTS{alertname="${name}",alertstate="firing",`)
    expect(text).toMatch(
      new RegExp(`expr: 'ALERTS\\{alertname=~?"[^"]*${name}[^']*',\\s+exp_samples: \\[\\]`),
    )
  })
})

const noAmtool = without('amtool')
describe.skipIf(noAmtool !== undefined)(named('amtool', noAmtool), () => {
  test('accepts the configuration, which tells nobody until it is changed', async () => {
    await run('amtool', ['check-config', alertmanager])
    for (const { name, severity } of ALERTS) {
      const labels = [`alertname=${name}`, `severity=${severity}`]
      const { stdout } = await run('amtool', [
        'config',
        'routes',
        'test',
        `--config.file=${alertmanager}`,
        ...labels,
      ])
      expect(stdout.trim()).toBe('nobody')
    }
  })
})

const missing = without('prometheus', 'prometheus-alertmanager')
describe.skipIf(missing !== undefined)(named('Prometheus and Alertmanager', missing), () => {
  test('a burst of dead letters reaches a webhook within a minute, and so does its end', {
    timeout: 420_000,
  }, async () => {
    const dir = folder()
    const bus = new BusProcess(dir, { PORT: '0', BUS_SECRET: MASTER, BUS_METRICS_TOKEN: METRICS })
    onTestFinished(() => bus.kill())
    const address = `127.0.0.1:${await bus.ready()}`
    const { url, notices } = await receiver()
    const notifier = await startAlertmanager(join(dir, 'alertmanager'), {
      'receiver: nobody': 'receiver: ntfy',
      'https://ntfy.sh/CHANGE-ME?template=alertmanager': url,
    })
    const prometheus = await Prometheus.start(join(dir, 'prometheus'), {
      bus: address,
      metricsToken: METRICS,
      edits: { 'targets: []': `targets: ['${notifier}']` },
      moreRules: shortSighted(),
    })
    // It has seen the bus, and all is well.
    await vi.waitUntil(async () => (await prometheus.query('intent_bus_store_up')).length === 1, {
      timeout: 60_000,
      interval: 500,
    })
    expect(await prometheus.query('ALERTS')).toEqual([])

    const master = new Client(`http://${address}`, { 'x-api-key': MASTER })
    await burstTold(master, notices)
    await endTold(notices)
    const told = (name: string, status: string) =>
      notices.find(notice => notice.alertname === name && notice.status === status)
    expect(told('ShortSighted', 'firing')).toBeDefined()
    const others = notices.filter(
      ({ alertname }) => !['IntentBusDeadLettersGrow', 'ShortSighted'].includes(alertname),
    )
    expect(others).toEqual([])
    // The shipped rule looks back further: it still fires.
    expect(told('IntentBusDeadLettersGrow', 'resolved')).toBeUndefined()
  })
})

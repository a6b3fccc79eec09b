/** Every query of every panel and alert, as the files have it, to a real Prometheus that scrapes a bus at work. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Prometheus } from '../../ops/test/monitoring.ts'
import { installed } from '../../service/test/support/installed.ts'
import { faultsOf, stillAtZero } from './asked.ts'
import { livelyBus, METRICS_TOKEN } from './life.ts'

const missing = installed('prometheus') === undefined
describe.skipIf(missing)(`Prometheus${missing ? ' (skipped: prometheus is not installed)' : ''}`, () => {
  test('has an answer to every query, with the labels that its legend names', {
    timeout: 240_000,
  }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bus-dashboards-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const { address, live } = await livelyBus(dir)
    const prometheus = await Prometheus.start(join(dir, 'prometheus'), {
      bus: address,
      metricsToken: METRICS_TOKEN,
      edits: {
        'scrape_interval: 15s': 'scrape_interval: 1s',
        'scrape_timeout: 10s': 'scrape_timeout: 1s',
        'evaluation_interval: 15s': 'evaluation_interval: 1s',
      },
    })
    await live()
    // Two scrapes make a rate; leases run out 10 s after the first round.
    await vi.waitUntil(
      async () => {
        await live()
        await sleep(1000)
        const [lost] = await prometheus.query('sum(rate(intent_bus_leases_expired_total[20s]))')
        const [scrapes] = await prometheus.query('min(count_over_time(intent_bus_store_up[20s]))')
        return (lost?.value ?? 0) > 0 && (scrapes?.value ?? 0) > 5
      },
      { timeout: 120_000 },
    )
    const { asked, left, faults } = await faultsOf(prometheus, '20s')
    console.log(`${asked} queries asked; left out, as this bus has no backups: ${left}`)
    expect(asked).toBeGreaterThan(80)
    expect(faults).toEqual([])
    expect(await stillAtZero(prometheus, '20s')).toEqual([])
  })
})

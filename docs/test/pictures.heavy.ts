/**
 * The pictures of the docs, taken anew of the real programs: what they show can still be seen. `KEEP_PICTURES=1` puts them
 * into docs/pictures.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Prometheus } from '../../ops/test/monitoring.ts'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { Client } from '../../service/test/support/client.ts'
import { installed } from '../../service/test/support/installed.ts'
import { root } from '../../service/test/support/root.ts'
import { Browser, type Picture } from '../pictures/browser.ts'
import { workInTheHouse } from '../pictures/bus-at-work.ts'
import { PICTURES } from './pictures.ts'

const SECRETS = {
  BUS_SECRET: 'master-key-of-the-pictures-0123456789',
  BUS_METRICS_TOKEN: 'metrics-token-of-the-pictures-0123456789',
  DASHBOARD_PASSWORD: 'password-of-the-pictures',
}
const missing = ['chromium', 'prometheus'].find(program => installed(program) === undefined)
const reason = missing === undefined ? '' : ` (skipped: ${missing} is not installed)`

describe.skipIf(missing !== undefined)(`the pictures${reason}`, () => {
  test('can be taken of a bus at work and of a Prometheus in which an alert fires', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'pictures-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const bus = new BusProcess(dir, { PORT: '0', ...SECRETS })
    onTestFinished(() => bus.kill())
    const address = `127.0.0.1:${await bus.ready()}`
    const prometheus = await Prometheus.start(join(dir, 'prometheus'), {
      bus: address,
      metricsToken: SECRETS.BUS_METRICS_TOKEN,
    })
    const has = async (expr: string) => (await prometheus.query(expr)).length > 0
    await vi.waitUntil(() => has('intent_bus_store_up'), { timeout: 60_000, interval: 500 })
    await workInTheHouse(new Client(`http://${address}`, { 'x-api-key': SECRETS.BUS_SECRET }))
    await vi.waitUntil(() => has('ALERTS{alertstate="firing"}'), { timeout: 90_000, interval: 500 })

    mkdirSync(join(dir, 'profile'))
    const browser = await Browser.start(installed('chromium')!, join(dir, 'profile'))
    onTestFinished(() => browser.stop())
    const admin = Buffer.from(`admin:${SECRETS.DASHBOARD_PASSWORD}`).toString('base64')
    const says = (text: string) => `document.body.innerText.includes('${text}')`
    const dashboard = {
      url: `http://${address}/admin/dashboard`,
      headers: { authorization: `Basic ${admin}` },
      shows: says('water-the-garden'),
    }
    const pictures: Record<string, Picture> = {
      'dashboard.webp': { ...dashboard, width: 1100, height: 640 },
      'dashboard-phone.webp': { ...dashboard, width: 390, height: 844, phone: true },
      'prometheus-alerts.webp': {
        // Debian has no other user interface of it; that of the image shows the same.
        url: `${prometheus.url}/classic/alerts`,
        shows: says('IntentBusDeadLettersGrow'),
        // Opens the alert, with what it says.
        does: `document.querySelector('.show-annotations').click();
          [...document.querySelectorAll('.alert_header')]
            .find(each => each.innerText.includes('IntentBusDeadLettersGrow')).click()`,
        from: { selector: '.alert_header', text: 'IntentBusDeadLettersGrow' },
        width: 1100,
        height: 770,
      },
    }
    expect(Object.keys(pictures)).toEqual(Object.keys(PICTURES))
    for (const [name, picture] of Object.entries(pictures)) {
      const taken = await browser.take(picture)
      // What is blank would have next to nothing in it.
      expect(taken.length, name).toBeGreaterThan(5000)
      const { width, height } = picture
      expect(PICTURES[name], name).toEqual({ width, height })
      if (process.env['KEEP_PICTURES'] === '1') writeFileSync(join(root, 'docs/pictures', name), taken)
    }
  }, 240_000)
})

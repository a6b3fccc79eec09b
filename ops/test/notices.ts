/** Somebody who is told by Alertmanager, and an alert whose end can be awaited. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, vi } from 'vitest'
import type { Client } from '../../service/test/support/client.ts'
import { root } from '../../service/test/support/root.ts'
import { edited } from './monitoring.ts'

export type Notice = { status: string; alertname: string; annotations: Record<string, string>; at: number }

/** Somebody who is told: what Alertmanager posts, alert by alert. */
export async function receiver(host = '127.0.0.1'): Promise<{ url: string; notices: Notice[] }> {
  const notices: Notice[] = []
  const server = createServer(async (request, response) => {
    const at = Date.now()
    const { alerts } = (await json(request)) as {
      alerts: { status: string; labels: { alertname: string }; annotations: Record<string, string> }[]
    }
    for (const { status, labels, annotations } of alerts) {
      notices.push({ status, alertname: labels.alertname, annotations, at })
    }
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://${host}:${(server.address() as AddressInfo).port}/`, notices }
}

/** The rule as it is, but that it looks back 45 s instead of 15 min, so that its end can be awaited. */
export function shortSighted(): string {
  const text = readFileSync(join(root, 'ops/prometheus/rules/intent-bus.yml'), 'utf8')
  const start = text.indexOf('      - alert: IntentBusDeadLettersGrow')
  const rule = text.slice(start, text.indexOf('      - alert:', start + 10))
  const short = edited(rule.replaceAll('15m', '45s'), {
    IntentBusDeadLettersGrow: 'ShortSighted',
    '< 900': '< 45',
  })
  return `groups:\n  - name: short-sighted\n    rules:\n${short}`
}

/**
 * Three dead letters of a namespace that was not there before, whose counter so begins at 3: they are told within
 * a minute.
 *
 * @param master may publish, claim and fail
 */
export async function burstTold(master: Client, notices: readonly Notice[]): Promise<void> {
  const began = Date.now()
  for (let i = 0; i < 3; i += 1) {
    await master.publish({ namespace: 'photos', max_attempts: 1 })
    await master.fail((await master.claim('?namespace=photos'))!)
  }
  const told = (name: string, status: string) =>
    notices.find(notice => notice.alertname === name && notice.status === status)
  const isTold = () => told('IntentBusDeadLettersGrow', 'firing')
  await vi.waitUntil(isTold, { timeout: 90_000, interval: 100 })
  const notice = isTold()!
  console.log(`told ${Math.round((notice.at - began) / 1000)} s after the burst`)
  expect(notice.at - began).toBeLessThan(60_000)
  expect(notice.annotations).toMatchObject({
    summary: '3 new dead letters in 15 minutes',
    runbook_url: expect.stringContaining('operations/dead-letters.md'),
  })
}

/** By the rule above it takes a minute and a half until the end of a burst is told. */
export async function endTold(notices: readonly Notice[]): Promise<void> {
  const isTold = () => notices.some(each => each.alertname === 'ShortSighted' && each.status === 'resolved')
  await vi.waitUntil(isTold, { timeout: 300_000, interval: 500 })
}

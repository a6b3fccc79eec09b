/** A backup of a large bus that is stopped, or killed, in its middle. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { queue, ROUTE } from '../../bench/prefill.ts'
import { ADMIN_SECRET, busOn } from '../support/bus-process.ts'
import { freePort } from '../support/ports.ts'

const INTENTS = 300_000

let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'bus-large-'))
  await queue(join(dir, 'bus.db'), INTENTS, () => ROUTE)
}, 120_000)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function largeBus() {
  const folder = mkdtempSync(join(dir, 'one-'))
  const database = join(folder, 'bus.db')
  copyFileSync(join(dir, 'bus.db'), database)
  mkdirSync(join(folder, 'backups'))
  const port = await freePort()
  const bus = busOn({ database, port, env: { LOG_LEVEL: 'info' } })
  onTestFinished(() => bus.kill())
  await bus.serving()
  const ask = (method: string, path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { 'x-admin-token': ADMIN_SECRET } })
  const finished = () => readdirSync(join(folder, 'backups'))
  return { bus, database, ask, finished, copying: () => existsSync(`${database}.copying`) }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(2)
}

test('a stop answers whoever waits for it, waits a little itself, and leaves a whole backup or none', async () => {
  const { bus, ask, finished, copying, database } = await largeBus()
  const waiting = ask('POST', '/admin/backup')
  await until(copying)
  expect((await ask('POST', '/admin/backup')).status).toBe(409)
  bus.signal('SIGTERM')
  expect([201, 202]).toContain((await waiting).status)
  expect(await bus.exited, bus.out).toEqual({ code: 0, signal: null })
  expect(existsSync(`${database}.copying`)).toBe(false)
  const left = finished()
  expect(left.filter(name => name.startsWith('.'))).toEqual([])
  expect([0, 2]).toContain(left.length)
})

test('a kill leaves none, and the next start clears away what it left', async () => {
  const { bus, ask, finished, copying, database } = await largeBus()
  void ask('POST', '/admin/backup').catch(() => undefined)
  await until(copying)
  await sleep(20)
  await bus.kill()
  expect(finished().filter(name => !name.startsWith('.'))).toEqual([])
  expect(existsSync(`${database}.copying`)).toBe(true)
  const again = busOn({ database, port: bus.port })
  onTestFinished(() => again.kill())
  await again.serving()
  expect(existsSync(`${database}.copying`)).toBe(false)
  const made = (await (await ask('POST', '/admin/backup')).json()) as { intents: { open: number } }
  expect(made.intents.open).toBe(INTENTS)
})

import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RealBus } from '../real-bus.ts'
import { answerOn, open } from '../support/raw.ts'
import { closed } from './conversation.ts'

const LIMIT = 4
const folder = mkdtempSync(join(tmpdir(), 'bus-limit-'))
const bus = new RealBus(folder, {
  PORT: '0',
  BUS_SECRET: 'a-master-key-for-this-test',
  BUS_MAX_CONNECTIONS: `${LIMIT}`,
})
let port: number
beforeAll(async () => {
  port = await bus.ready()
})
afterAll(async () => {
  await bus.kill()
  rmSync(folder, { recursive: true })
})

/** @returns a connection on which the bus answers, or `null` when it hangs up at once */
async function connection(): Promise<Socket | null> {
  const socket = await open(port)
  const heard = new Promise<Socket>(resolve => {
    socket.once('data', () => resolve(socket))
  })
  const end = closed(socket).then(() => null)
  socket.write('GET /health/live HTTP/1.1\r\nHost: bus\r\n\r\n')
  return Promise.race([heard, end])
}

test('beyond BUS_MAX_CONNECTIONS a new connection is closed, the others go on, and a place that falls free is taken', async () => {
  const held: Socket[] = []
  for (let i = 0; i < LIMIT; i += 1) held.push((await connection())!)
  expect(held).not.toContain(null)
  for (let i = 0; i < 20; i += 1) expect(await connection()).toBeNull()

  for (const socket of held.splice(1)) {
    socket.write('GET /health/ready HTTP/1.1\r\nHost: bus\r\nConnection: close\r\n\r\n')
    expect((await answerOn(socket)).status).toBe(200)
  }
  while (held.length < LIMIT) {
    // The bus may still be closing what has left.
    const next = await connection()
    if (next !== null) held.push(next)
  }
  expect(await connection()).toBeNull()
  for (const socket of held) socket.destroy()
})

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BusProcess } from '../support/bus-process.ts'
import { answerOn, open } from '../support/raw.ts'
import { closed } from './conversation.ts'

const LIMIT = 4
const [KEY, ADMIN] = ['a-master-key-for-this-test', 'an-admin-token-for-this-test']
const folder = mkdtempSync(join(tmpdir(), 'bus-limit-'))
const bus = new BusProcess(folder, {
  PORT: '0',
  BUS_SECRET: KEY,
  BUS_ADMIN_SECRET: ADMIN,
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

async function connections(count: number): Promise<Socket[]> {
  const held: Socket[] = []
  for (let i = 0; i < count; i += 1) held.push((await connection())!)
  return held
}

test('beyond BUS_MAX_CONNECTIONS the connection that has been idle longest makes room for a new one', async () => {
  const held = await connections(LIMIT)
  const gone = closed(held[1]!)
  // The first is used again, so the second has now been idle longest.
  held[0]!.write('GET /health/live HTTP/1.1\r\nHost: bus\r\n\r\n')
  await once(held[0]!, 'data')

  // Each of them is left alone for a second.
  let next: Socket | null = null
  while (next === null) next = await connection()
  await gone
  expect(held.map(socket => socket.destroyed)).toEqual([false, true, false, false])
  for (const socket of [...held, next]) socket.destroy()
})

test('when the others are in use, a request that waits is answered early to make room', async () => {
  const { answer } = await poll()
  let early: Awaited<typeof answer> | null = null
  const seen = answer.then(it => {
    early = it
  })
  const held: Socket[] = []
  while (early === null) {
    const socket = await busy()
    if (socket !== null) held.push(socket)
  }
  await seen
  expect((await answer).status).toBe(204)
  expect((await answer).headers.get('connection')).toBe('close')
  for (const socket of held) socket.destroy()
  expect(await metric('connections_displaced_total{state="waiting"}')).toBe(1)
})

test('when every connection is in the middle of a request, a new one is closed at once, counted and logged', async () => {
  const held: Socket[] = []
  while (held.length < LIMIT) {
    const socket = await busy()
    if (socket !== null) held.push(socket)
  }
  for (let i = 0; i < 20; i += 1) expect(await connection()).toBeNull()
  for (const socket of held) socket.destroy()
  expect(await metric('connections_refused_total{limit="total"}')).toBeGreaterThanOrEqual(20)
  expect(bus.out.split('\n').filter(line => line.includes('(BUS_MAX_CONNECTIONS)'))).not.toEqual([])
})

/** A worker that waits for work, once the bus has it waiting. */
async function poll(): Promise<{ answer: ReturnType<typeof answerOn> }> {
  for (;;) {
    const socket = await open(port)
    // Heard from the start: the scrapes below take places too, and may already send it away.
    const answer = answerOn(socket)
    socket.write(`POST /claim?goal=nothing&wait=60 HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${KEY}\r\n\r\n`)
    const heard = answer.then(
      () => 'answered',
      // The places of the test before are not free yet.
      () => 'refused',
    )
    let state = 'waiting'
    while (state === 'waiting') {
      if ((await metric('waiting_claims')) > 0) return { answer }
      state = await Promise.race([heard, 'waiting'])
    }
    if (state === 'answered') return { answer }
  }
}

/** A request whose body is still on its way, or `null` when the bus hangs up at once. */
async function busy(): Promise<Socket | null> {
  const socket = await open(port)
  const heard = new Promise<Socket>(resolve => {
    socket.once('data', () => resolve(socket))
  })
  const end = closed(socket).then(() => null)
  const headers = `X-API-KEY: ${KEY}\r\nContent-Length: 100\r\nExpect: 100-continue`
  socket.write(`POST /intent HTTP/1.1\r\nHost: bus\r\n${headers}\r\n\r\n`)
  return Promise.race([heard, end])
}

/** Asks until it gets a connection. */
async function metric(series: string): Promise<number> {
  for (;;) {
    const socket = await open(port)
    socket.write(`GET /metrics HTTP/1.1\r\nHost: bus\r\nX-Admin-Token: ${ADMIN}\r\nConnection: close\r\n\r\n`)
    const answer = await answerOn(socket).catch(() => null)
    if (answer === null) continue
    const line = answer.text.split('\n').find(each => each.startsWith(`intent_bus_${series} `))
    return Number(line?.split(' ')[1])
  }
}

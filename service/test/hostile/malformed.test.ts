import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, call } from '../crash/client.ts'
import { ADMIN_SECRET, type BusProcess, busOn, MASTER_KEY } from '../support/bus-process.ts'
import { freePort } from '../support/ports.ts'
import { open } from '../support/raw.ts'
import { answersIn, closed } from './conversation.ts'
import { type Asking, malformedRequests, type Raw, type Shaped } from './malformed-requests.ts'

const COUNT = 10_000
const SEED = Number(process.env['HOSTILE_SEED'] ?? 1)
const AT_ONCE = 24
/** A client of ours that was not refused waits no longer than this for more to come, in ms. */
const PATIENCE_MS = 40
const HEAP_MAY_GROW_BYTES = 6_000_000

const PASSWORD = 'the-password-of-this-test'
const METRICS_TOKEN = 'the-metrics-token-of-this-test'
const SECRETS = [MASTER_KEY, ADMIN_SECRET, PASSWORD, METRICS_TOKEN]
/** What only the inside of the bus knows: places in its code, its statements, its libraries. */
const INSIDES = /\n\s+at |\\n +at |node_modules|\.ts:\d|file:\/\/|SQLITE_|SqliteError|FST_ERR|TypeError/

const folder = mkdtempSync(join(tmpdir(), 'bus-malformed-'))
let bus: BusProcess
let askers: Asking[]

beforeAll(async () => {
  bus = busOn({
    database: join(folder, 'bus.db'),
    port: await freePort(),
    env: {
      DASHBOARD_PASSWORD: PASSWORD,
      BUS_METRICS_TOKEN: METRICS_TOKEN,
      BUS_AUTH_FAILURE_LIMIT: '1000000',
      BUS_RATE_LIMIT: '1000000',
    },
    // SIGUSR2 collects what is garbage: what is left then is held by something.
    nodeArguments: [
      '--expose-gc',
      '--import',
      'data:text/javascript,process.on("SIGUSR2",()=>{globalThis.gc();globalThis.gc()})',
    ],
  })
  await bus.serving()
  const made = await send({
    ...shapedCall('POST', '/admin/generate_key', '{"owner":"malformed"}'),
    headers: { 'x-admin-token': ADMIN_SECRET },
  })
  const issued = JSON.parse(made.text).api_key
  const admin = { header: 'x-admin-token', value: ADMIN_SECRET }
  askers = [
    // Most get past the door, as admin and with a key, or the rooms behind it are never seen.
    ...Array<Asking>(8).fill([{ header: 'x-api-key', value: MASTER_KEY }, admin]),
    ...Array<Asking>(8).fill([{ header: 'x-api-key', value: issued }, admin]),
    [],
    [{ header: 'x-api-key', value: 'tk_wrong' }],
    [{ header: 'x-admin-token', value: 'wrong' }],
    [{ header: 'authorization', value: 'Basic YWRtaW46d3Jvbmc=' }],
  ]
})
afterAll(async () => {
  await bus.kill()
  agent.destroy()
  rmSync(folder, { recursive: true })
})

test(`${COUNT} malformed requests get no 5xx, tell nothing of the inside, and leave nothing behind (seed ${SEED})`, async () => {
  const requests = malformedRequests(SEED, COUNT, askers)
  const faults: string[] = []
  const statuses: Record<number, number> = {}
  const take = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const next = requests.next().value
      if (next === undefined) return
      for (const { status, text } of await spoken(next)) {
        statuses[status] = (statuses[status] ?? 0) + 1
        const fault = faultOf(status, text)
        if (fault !== null) faults.push(`${fault}: ${status} ${text.slice(0, 300)}\n  to ${written(next)}`)
      }
    }
  }
  const inParallel = (count: number) =>
    Promise.all(Array.from({ length: AT_ONCE }, () => take(Math.ceil(count / AT_ONCE))))

  await inParallel(COUNT / 5)
  const before = await atRest()
  await inParallel(COUNT)
  const after = await atRest()

  console.log(statuses, { before, after })
  expect(faults.slice(0, 5)).toEqual([])
  expect(after.heapBytes - before.heapBytes).toBeLessThan(HEAP_MAY_GROW_BYTES)
  expect(after.openFiles).toBeLessThanOrEqual(before.openFiles)
  expect(statSync(join(folder, 'bus.db-wal')).size).toBeLessThan(40_000_000)
  expect(bus.err).toBe('')
  // At `warn`, whatever went wrong inside would be here.
  expect(bus.out).toBe('')
  await worksAsEver()
})

async function worksAsEver(): Promise<void> {
  const client = new Client(bus.port)
  const published = await client.send(call('/intent', { goal: 'after-all-that', payload: {} }))
  expect(published!.status).toBe(201)
  const claimed = await client.send(call('/claim?goal=after-all-that'))
  const { id, claim_token } = JSON.parse(claimed!.text)
  expect(JSON.parse(published!.text).id).toBe(id)
  expect((await client.send(call(`/fulfill/${id}`, { claim_token })))!.status).toBe(200)
  client.close()
}

function faultOf(status: number, text: string): string | null {
  if (status >= 500) return 'a fault of the bus'
  const told = SECRETS.find(secret => text.includes(secret))
  if (told !== undefined) return 'tells a secret'
  if (INSIDES.test(text)) return 'tells of the inside'
  // Node answers two things by itself and without a body: a request without a Host, an Expect it does not know.
  if (status < 400 || text === '') return null
  const { code, message } = JSON.parse(text).error ?? {}
  return /^[a-z_]+$/.test(code) && typeof message === 'string' ? null : 'not an error in the one shape'
}

type Answered = { status: number; text: string }

function spoken(malformed: Raw | Shaped): Promise<Answered[]> {
  return malformed.kind === 'raw' ? blurt(malformed) : send(malformed).then(answer => [answer])
}

/** Sends the bytes, and leaves when the bus closes or has nothing more to say. */
async function blurt({ bytes }: Raw): Promise<Answered[]> {
  const socket = await open(bus.port)
  const received: Buffer[] = []
  socket.on('data', chunk => received.push(chunk))
  const end = closed(socket)
  socket.write(bytes)
  await Promise.race([end, sleep(PATIENCE_MS)])
  socket.destroy()
  return wholeAnswers(Buffer.concat(received).toString('latin1'))
}

function wholeAnswers(text: string): Answered[] {
  try {
    return answersIn(text)
  } catch {
    // The last one was cut off by our leaving; the others were looked at by the same rules elsewhere.
    return []
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })

function send({ method, path, headers, body }: Shaped): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: bus.port,
      agent,
      method,
      path: encodeURI(path).replaceAll('%25', '%'),
    }
    const sent = request({ ...options, headers: { ...headers, 'content-length': body.length } }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, text: method === 'HEAD' ? '' : text }))
    })
    sent.on('error', error => reject(new Error(`${method} ${path}: no answer (${error.message})`)))
    sent.end(body)
  })
}

function shapedCall(method: string, path: string, body: string): Shaped {
  return { kind: 'shaped', method, path, headers: {}, body: Buffer.from(body) }
}

const written = (malformed: Raw | Shaped) =>
  malformed.kind === 'raw'
    ? JSON.stringify(malformed.bytes.toString('latin1').slice(0, 400))
    : `${malformed.method} ${malformed.path.slice(0, 200)} ${JSON.stringify(malformed.headers)} ${malformed.body.toString('latin1').slice(0, 300)}`

/** What the bus holds once everybody has left and the garbage is collected. */
async function atRest(): Promise<{ heapBytes: number; openFiles: number }> {
  agent.destroy()
  await sleep(300)
  bus.signal('SIGUSR2')
  await sleep(300)
  const metrics = await send({
    ...shapedCall('GET', '/metrics', ''),
    headers: { authorization: `Bearer ${METRICS_TOKEN}` },
  })
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(metrics.text)![1])
  return { heapBytes: value('nodejs_heap_size_used_bytes'), openFiles: openFiles(bus.pid) }
}

/** Counted where the system tells; elsewhere there is nothing to compare. */
function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/**
 * The load, as a process of its own: `node load.ts '<LoadSpec as JSON>'` prints a LoadResult as JSON. The bus and the
 * no-op get the same three requests per cycle from it.
 */
import { Connection, post, statusOf } from './connection.ts'
import type { LoadResult, LoadSpec } from './generator.ts'
import { percentile } from './statistics.ts'

const spec = JSON.parse(process.argv[2]!) as LoadSpec
const headers = `x-api-key: ${spec.key}\r\n`
const publish = post(
  '/intent',
  headers,
  '{"goal":"bench","payload":{"to":"someone@example.org","subject":"hello","attempt":1}}',
)
const claim = post(spec.claimPath ?? '/claim?goal=bench', headers)

const latencies: Record<string, number[]> = {}
let cycles = 0
let misses = 0

/** Sends, keeps how long the reply took, and goes on with it. */
function timed(
  name: string,
  connection: Connection,
  request: string | Buffer,
  next: (reply: string) => void,
): void {
  latencies[name] ??= []
  const ofThisKind = latencies[name]
  const sentAt = performance.now()
  connection.send(request, reply => {
    ofThisKind.push(performance.now() - sentAt)
    if (statusOf(reply) >= 300) throw new Error(`${name}: ${reply}`)
    next(reply)
  })
}

const between = (text: string, before: string): string => {
  const from = text.indexOf(before) + before.length
  return text.slice(from, text.indexOf('"', from))
}

function settle(connection: Connection, claimed: string, next: () => void): void {
  const id = between(claimed, '"id":"')
  const token = between(claimed, '"claim_token":"')
  const body = `{"claim_token":"${token}","result":{"sent":true}}`
  timed('fulfil', connection, post(`/fulfill/${id}`, headers, body), next)
}

const BATCH = 500
const CLAIMED_AT_ONCE = 100
const ID = '{"id":"'
const item = '{"goal":"bench","payload":{"to":"someone@example.org","subject":"hello","attempt":1}}'
const publishMany = Buffer.from(
  post('/intents', headers, `{"intents":[${Array(BATCH).fill(item).join(',')}]}`),
)
const claimMany = post(`/claim?goal=bench&max=${CLAIMED_AT_ONCE}`, headers)

/** Claims until it has as many as were published, or there are no more; then settles them all. */
function workOff(connection: Connection, held: string[], next: () => void): void {
  const more = held.length < BATCH
  if (more) {
    timed('claim', connection, claimMany, claimed => {
      if (statusOf(claimed) === 204) return settleMany(connection, held, next)
      // Id and token stand side by side, as they are sent back.
      for (let at = claimed.indexOf(ID); at !== -1; at = claimed.indexOf(ID, at + ID.length)) {
        held.push(`${claimed.slice(at, claimed.indexOf(',"namespace"', at))},"result":{"sent":true}}`)
      }
      workOff(connection, held, next)
    })
  } else settleMany(connection, held, next)
}

function settleMany(connection: Connection, held: string[], next: () => void): void {
  timed('fulfil', connection, post('/fulfill', headers, `{"items":[${held.join(',')}]}`), settled => {
    if (settled.includes('"ok":false')) throw new Error(`fulfil: ${settled}`)
    // The cycle that is counted when this one is over is the last of them.
    cycles += held.length - 1
    next()
  })
}

const KINDS: Record<LoadSpec['kind'], (connection: Connection, next: () => void) => void> = {
  cycle(connection, next) {
    timed('publish', connection, publish, () =>
      timed('claim', connection, claim, claimed => {
        if (statusOf(claimed) !== 204) return settle(connection, claimed, next)
        misses += 1
        next()
      }),
    )
  },
  noop(connection, next) {
    timed('noop', connection, publish, () =>
      timed('noop', connection, publish, () => timed('noop', connection, publish, next)),
    )
  },
  batch(connection, next) {
    timed('publish', connection, publishMany, () => workOff(connection, [], next))
  },
  publish(connection, next) {
    timed('publish', connection, publish, next)
  },
}

async function worker(until: number): Promise<void> {
  const connection = await Connection.open(spec.port)
  await new Promise<void>(resolve => {
    const again = () => {
      if (performance.now() >= until) return resolve()
      KINDS[spec.kind](connection, () => {
        cycles += 1
        again()
      })
    }
    again()
  })
  connection.close()
}

const startedAt = performance.now()
const end = startedAt + spec.seconds * 1000
await Promise.all(Array.from({ length: spec.connections }, () => worker(end)))
const seconds = (performance.now() - startedAt) / 1000
const all = Object.values(latencies)
const of = (share: number) =>
  Object.fromEntries(Object.entries(latencies).map(([name, list]) => [name, percentile(list, share)]))
const result: LoadResult = {
  cycles,
  cyclesPerSecond: cycles / seconds,
  requestsPerSecond: all.reduce((sum, list) => sum + list.length, 0) / seconds,
  misses,
  p50: of(0.5),
  p99: of(0.99),
  longest: of(1),
}
console.log(JSON.stringify(result))

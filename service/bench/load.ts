/**
 * The load, as a process of its own: `node load.ts '<LoadSpec as JSON>'` prints a LoadResult as JSON. The bus and the
 * no-op get the same three requests per cycle from it.
 */
import { Connection, post, type Reply } from './connection.ts'
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

async function timed(name: string, connection: Connection, request: string): Promise<Reply> {
  const startedAt = performance.now()
  const reply = await connection.send(request)
  latencies[name] ??= []
  latencies[name].push(performance.now() - startedAt)
  if (reply.status >= 300) throw new Error(`${name}: ${reply.status} ${reply.body}`)
  return reply
}

const between = (text: string, before: string): string => {
  const from = text.indexOf(before) + before.length
  return text.slice(from, text.indexOf('"', from))
}

async function settle(connection: Connection, claimed: Reply): Promise<void> {
  const id = between(claimed.body, '"id":"')
  const token = between(claimed.body, '"claim_token":"')
  const body = `{"claim_token":"${token}","result":{"sent":true}}`
  await timed('fulfil', connection, post(`/fulfill/${id}`, headers, body))
}

const KINDS: Record<LoadSpec['kind'], (connection: Connection) => Promise<void>> = {
  async cycle(connection) {
    await timed('publish', connection, publish)
    const claimed = await timed('claim', connection, claim)
    if (claimed.status === 204) misses += 1
    else await settle(connection, claimed)
  },
  async noop(connection) {
    for (let i = 0; i < 3; i += 1) await timed('noop', connection, publish)
  },
  async publish(connection) {
    await timed('publish', connection, publish)
  },
}

const end = performance.now() + spec.seconds * 1000
const startedAt = performance.now()
await Promise.all(
  Array.from({ length: spec.connections }, async () => {
    const connection = await Connection.open(spec.port)
    while (performance.now() < end) {
      await KINDS[spec.kind](connection)
      cycles += 1
    }
    connection.close()
  }),
)
const seconds = (performance.now() - startedAt) / 1000
const all = Object.values(latencies)
const result: LoadResult = {
  cyclesPerSecond: cycles / seconds,
  requestsPerSecond: all.reduce((sum, list) => sum + list.length, 0) / seconds,
  misses,
  p50: Object.fromEntries(Object.entries(latencies).map(([name, list]) => [name, percentile(list, 0.5)])),
  p99: Object.fromEntries(Object.entries(latencies).map(([name, list]) => [name, percentile(list, 0.99)])),
}
console.log(JSON.stringify(result))

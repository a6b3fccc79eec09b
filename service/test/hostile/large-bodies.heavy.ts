import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_SECRET, type BusProcess, busOn } from '../support/bus-process.ts'
import { Client } from '../support/client.ts'
import { freePort } from '../support/ports.ts'
import { largeBatches } from './large-bodies.ts'

/** The memory of a container as compose makes it, in MiB, and the heap that Node takes of that. */
const MEMORY_MIB = 512
const HEAP_MIB = 256
const AT_ONCE = 4

const folder = mkdtempSync(join(tmpdir(), 'bus-large-'))
let bus: BusProcess
/** No single one may have all of the room. */
const keys: string[] = []
beforeAll(async () => {
  bus = busOn({
    database: join(folder, 'bus.db'),
    port: await freePort(),
    nodeArguments: [`--max-old-space-size=${HEAP_MIB}`],
  })
  await bus.serving()
  const admin = new Client(`http://127.0.0.1:${bus.port}`, { 'x-admin-token': ADMIN_SECRET })
  const limits = { rate_limit: 1_000_000, open_limit: 10_000_000 }
  while (keys.length < AT_ONCE) keys.push((await admin.post('/admin/generate_key', limits)).json.api_key)
})
afterAll(async () => {
  await bus.kill()
  rmSync(folder, { recursive: true })
})

/** Of one body; Linux begins the peak again at a 5 (proc(5), clear_refs). */
const forgetPeak = (): void => writeFileSync(`/proc/${bus.pid}/clear_refs`, '5')

/** The most that it had resident since then, in MiB. */
const peakMib = (): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${bus.pid}/status`, 'utf8'))![1]) / 1024

test.each(largeBatches())(
  'four bodies at once are survived with the memory of a small container: $what',
  async ({ path, body, headers = {} }) => {
    const client = new Client(`http://127.0.0.1:${bus.port}`, headers)
    forgetPeak()
    const answers = await Promise.all(keys.map(key => client.with({ 'x-api-key': key }).post(path, body)))
    for (const { status, json } of answers) {
      // As many as there is room for; the others are to come again.
      if (status === 503) expect(json.error.code).toBe('overloaded')
      else expect(status).toBeLessThan(500)
    }
    expect((await client.get('/health')).status).toBe(200)
    expect(peakMib()).toBeLessThan(MEMORY_MIB)
  },
)

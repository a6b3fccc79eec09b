/**
 * A power cut can leave the end of the write-ahead log half-written. Each test takes the files of a killed bus, damages
 * the log as a disk might, and asks: does the bus start, is every commit before the damage there, does it go on well? Where
 * other commits follow the damage, it must not start.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BusProcess, busOn } from '../support/bus-process.ts'
import { NIGHTLY } from '../support/nightly.ts'
import { freePort } from '../support/ports.ts'
import { Client, call, read } from './client.ts'
import { randomFrom } from './random.ts'
import { inconsistencies } from './stored.ts'

const SEED = Number(process.env['CRASH_SEED'] ?? 1)
const IN_DATABASE = 10
const IN_LOG = 60
/** Of a frame and of the log, in bytes: https://sqlite.org/fileformat2.html#the_write_ahead_log */
const LOG_HEADER = 32
const FRAME_HEADER = 24

const random = randomFrom(SEED)
let directory: string
let database: string
/** What was acknowledged, and how long the log was then: a commit lies wholly before that. */
const acknowledged: { id: string; logBytes: number }[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'bus-torn-'))
  database = join(directory, 'bus.db')
  const first = await up(database)
  await publish(first, IN_DATABASE)
  expect((await first.bus.stop()).code).toBe(0)
  const second = await up(database)
  await publish(second, IN_LOG)
  await second.bus.kill()
  second.client.close()
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Running = { bus: BusProcess; client: Client }

async function up(path: string): Promise<Running> {
  const port = await freePort()
  const bus = busOn({ database: path, port })
  await bus.serving()
  return { bus, client: new Client(port) }
}

async function publish({ client }: Running, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const payload = { serial: acknowledged.length, padding: 'x'.repeat(random.between(0, 6000)) }
    const answer = await client.send(call('/intent', { goal: 'torn', payload }))
    const { id } = JSON.parse(answer!.text)
    acknowledged.push({ id, logBytes: statSync(`${database}-wal`, { throwIfNoEntry: false })?.size ?? 0 })
  }
  for (const publish of acknowledged.slice(0, IN_DATABASE)) publish.logBytes = 0
}

const log = () => readFileSync(`${database}-wal`)
const FRAME = FRAME_HEADER + 4096
const lastFrameAt = (bytes: number) => bytes - FRAME

/** The damaged log, and from which byte on it is damaged. */
type Damage = { bytes: Buffer; from: number }

function cut(at: number): Damage {
  return { bytes: log().subarray(0, at), from: at }
}

function flip(at: number): Damage {
  const bytes = log()
  bytes[at]! ^= 1 << random.between(0, 7)
  return { bytes, from: at }
}

const anywhere = () => random.between(LOG_HEADER, log().length - 1)
/** By day each kind of damage at two places, and by night at eight. */
const repeated = (what: string, make: () => Damage) =>
  Array.from({ length: NIGHTLY ? 8 : 2 }, (_, i): [string, () => Damage] => [`${what} (${i + 1})`, make])

const damages: [what: string, make: () => Damage][] = [
  ...repeated('cut somewhere', () => cut(anywhere())),
  ...repeated('cut inside the last frame', () => cut(log().length - random.between(1, FRAME - 1))),
  ['cut inside the header of the last frame', () => cut(lastFrameAt(log().length) + 7)],
  ['cut inside its own header', () => cut(17)],
  ['empty', () => cut(0)],
  ...repeated('a bit flipped in the last frame', () =>
    flip(lastFrameAt(log().length) + random.between(0, FRAME - 1)),
  ),
  ...repeated('a bit flipped somewhere', () => flip(anywhere())),
  ['a bit flipped in its header', () => flip(9)],
  [
    'garbage behind it',
    () => {
      const garbage = Buffer.from(Array.from({ length: 3 * FRAME + 100 }, () => random.between(0, 255)))
      return { bytes: Buffer.concat([log(), garbage]), from: log().length }
    },
  ],
  ['zeros behind it', () => ({ bytes: Buffer.concat([log(), Buffer.alloc(FRAME)]), from: log().length })],
  [
    'its last frames zeroed',
    () => {
      const from = lastFrameAt(log().length) - FRAME
      return { bytes: log().fill(0, from), from }
    },
  ],
]

test.each(damages)('a log %s', async (_what, make) => {
  const { bytes, from } = make()
  const copy = join(mkdtempSync(join(directory, 'copy-')), 'bus.db')
  copyFileSync(database, copy)
  copyFileSync(join(directory, 'bus.key'), join(copy, '..', 'bus.key'))
  writeFileSync(`${copy}-wal`, bytes)

  const isWholeBehind =
    bytes.length === log().length && bytes.subarray(from + 1).equals(log().subarray(from + 1))
  const follows = acknowledged.findIndex(publish => publish.logBytes > from) < acknowledged.length - 1
  if (isWholeBehind && (follows || from < LOG_HEADER)) {
    await expect(up(copy)).rejects.toThrow(`${copy}-wal is damaged: `)
    return
  }

  const first = await up(copy)
  const there = await thereOf(first)
  const safe = acknowledged.filter(publish => publish.logBytes <= from)
  expect(there.slice(0, safe.length)).toEqual(safe.map(publish => publish.id))
  // What is there is a prefix: a later commit never outlives an earlier one.
  expect(there).toEqual(acknowledged.slice(0, there.length).map(publish => publish.id))

  const answer = await first.client.send(call('/intent', { goal: 'torn', payload: 'after the damage' }))
  expect(answer!.status).toBe(201)
  await first.bus.kill()
  first.client.close()

  const second = await up(copy)
  expect(await thereOf(second)).toEqual(there)
  const { id } = JSON.parse(answer!.text)
  expect((await second.client.send(read(`/status/${id}`)))!.status).toBe(200)
  expect(await second.bus.stop()).toEqual({ code: 0, signal: null })
  second.client.close()
  expect(inconsistencies(copy)).toEqual([])
})

async function thereOf({ client }: Running): Promise<string[]> {
  const there: string[] = []
  for (const { id } of acknowledged) {
    const answer = await client.send(read(`/status/${id}`))
    if (answer!.status === 200) there.push(id)
    else expect(answer!.status).toBe(404)
  }
  return there
}

import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openWriting } from '../../store/sqlite/connection.ts'
import Sqlite from '../../store/sqlite/driver.ts'
import { NOBODY, whyNotAsNobody } from '../support/as-nobody.ts'
import { type BusProcess, busOn } from '../support/bus-process.ts'
import { answers, freePort } from '../support/ports.ts'

const root = mkdtempSync(join(tmpdir(), 'bus-opening-'))
chmodSync(root, 0o755)
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(root, 'bus-'))
  path = join(folder, 'bus.db')
})

async function start(uid?: number, writer = 'threaded'): Promise<BusProcess> {
  const bus = busOn({
    database: path,
    port: await freePort(),
    env: { BUS_SQLITE_WRITER: writer === 'inline' ? 'inline' : '' },
    ...(uid === undefined ? {} : { uid }),
  })
  onTestFinished(() => bus.kill())
  return bus
}

/** The one line with which it refused to start. */
async function refusal(uid?: number, writer?: string): Promise<string> {
  const bus = await start(uid, writer)
  expect(await bus.refused()).toEqual({ code: 1, signal: null })
  expect(bus.out).toBe('')
  expect(bus.err).toMatch(/^intent-bus: [^\n]+\n$/)
  return bus.err
}

const soundPath = join(root, 'sound.db')
openWriting(soundPath, () => {}).close()
const sound = readFileSync(soundPath)

describe('a bus is made where there is', () => {
  test.each([
    ['no file', () => {}],
    ['an empty file', () => writeFileSync(path, '', { mode: 0o600 })],
  ])('%s', async (_what, prepare) => {
    prepare()
    const bus = await start()
    await bus.serving()
    expect(readFileSync(path).subarray(0, 15).toString()).toBe('SQLite format 3')
  })
})

test('a folder that is not there yet is made, for its owner only', async () => {
  const deep = join(folder, 'a', 'b', 'bus.db')
  const bus = busOn({ database: path, port: await freePort(), env: { BUS_DB_PATH: deep } })
  onTestFinished(() => bus.kill())
  await bus.serving()
  for (const made of [join(folder, 'a'), dirname(deep), deep]) expect(statSync(made).mode & 0o077).toBe(0)
})

describe('left as it is, with one line and exit code 1:', () => {
  const PAGE = 4096
  const damaged = (change: (bytes: Buffer) => void) => () => {
    const bytes = Buffer.from(sound)
    change(bytes)
    return bytes
  }
  const foreign = () => {
    const other = join(folder, 'other.db')
    const db = new Sqlite(other)
    db.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')")
    db.close()
    return readFileSync(other)
  }
  const NOT_SQLITE = 'is not an SQLite database'
  const DAMAGED = 'Restore a backup'

  test.each<[what: string, bytes: () => Buffer, says: string]>([
    ['a text', () => Buffer.from('these are notes, and long enough to be a header'), NOT_SQLITE],
    ['a file shorter than a header', () => Buffer.from('SQL'), NOT_SQLITE],
    ["another program's SQLite database", foreign, 'not an Intent Bus one'],
    ['a header and nothing else', () => sound.subarray(0, 16), DAMAGED],
    ['a database cut inside its header', () => sound.subarray(0, 100), DAMAGED],
    ['a database cut after a page', () => sound.subarray(0, PAGE), DAMAGED],
    ['a database cut in half', () => sound.subarray(0, sound.length >> 1), DAMAGED],
    ['a damaged first byte', damaged(bytes => bytes.writeUInt8(0, 0)), NOT_SQLITE],
    ['a damaged page size', damaged(bytes => bytes.writeUInt16BE(0xffff, 16)), DAMAGED],
    ['a first page of garbage', damaged(bytes => bytes.fill(0xa5, 100, PAGE)), DAMAGED],
    ['a first page of zeros', damaged(bytes => bytes.fill(0, 100, PAGE)), DAMAGED],
    ['a middle page of garbage, of those a start reads', damaged(pageOf('lanes')), DAMAGED],
    ['another of those', damaged(pageOf('intents_agenda')), DAMAGED],
    ['the page of the issued keys', damaged(pageOf('api_keys')), DAMAGED],
  ])('%s', async (_what, bytes, says) => {
    const before = Buffer.from(bytes())
    writeFileSync(path, before, { mode: 0o600 })
    const line = await refusal()
    expect(line).toContain(says)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  /** Damages the first page of this table or index. */
  function pageOf(name: string) {
    return (bytes: Buffer) => {
      const db = new Sqlite(soundPath, { readonly: true })
      const page = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(name) as number
      db.close()
      bytes.fill(0xa5, (page - 1) * PAGE, page * PAGE)
    }
  }

  describe.each(['threaded', 'inline'])('with the %s writer', writer => {
    test.each([
      ['a log with one wrong bit in a commit that others followed', () => 4200 * 8],
      ['a log with one wrong bit in its header', () => 9 * 8],
    ])('%s', async (_what, bitOf) => {
      const logPath = `${path}-wal`
      const { database, log } = killed()
      const bit = bitOf()
      log[bit >> 3]! ^= 1
      writeFileSync(path, database, { mode: 0o600 })
      writeFileSync(logPath, log, { mode: 0o600 })
      const lines = [await refusal(undefined, writer), await refusal(undefined, writer)]
      expect(lines[0]).toContain(`${logPath} is damaged: `)
      expect(lines[0]).toContain('docs/operations/damaged-log.md')
      expect(lines[1]).toBe(lines[0])
      expect(readFileSync(path).equals(database)).toBe(true)
      expect(readFileSync(logPath).equals(log)).toBe(true)
      const kept = readdirSync(folder).filter(name => name.includes('-wal.damaged'))
      expect(kept).toHaveLength(1)
      expect(readFileSync(join(folder, kept[0]!)).equals(log)).toBe(true)
      expect(statSync(join(folder, kept[0]!)).mode & 0o077).toBe(0)

      log[99]! ^= 1
      writeFileSync(logPath, log)
      await refusal(undefined, writer)
      expect(readdirSync(folder).filter(name => name.includes('-wal.damaged'))).toHaveLength(2)
    })
  })

  /** A database and its log, as a kill leaves them. */
  function killed() {
    const db = openWriting(join(folder, 'killed.db'), () => {})
    for (let i = 0; i < 20; i += 1) db.prepare(`UPDATE meta SET value = ? WHERE name = 'last_seen'`).run(i)
    const left = { database: readFileSync(db.name), log: readFileSync(`${db.name}-wal`) }
    db.close()
    return left
  }

  test('a directory', async () => {
    mkdirSync(path)
    expect(await refusal()).toContain('EISDIR')
  })
})

const cannot = whyNotAsNobody()
if (cannot !== null) console.warn(`what another user may not open is not tested here: ${cannot}`)

/** Root may do anything, so it takes another user to be refused. */
describe.skipIf(cannot !== null)(`as another user${cannot === null ? '' : ` (skipped: ${cannot})`},`, () => {
  test.each([
    ['a database that may not be read', 0o600, 0o777, 'permission denied'],
    ['a database that may only be read', 0o444, 0o777, 'permission denied'],
    ['a database in a folder that may only be read', 0o666, 0o755, 'Is its folder writable?'],
    ['a folder that may not be entered', 0o666, 0o700, 'permission denied'],
  ])('%s is left as it is, with one line', async (_what, fileMode, folderMode, says) => {
    writeFileSync(path, sound, { mode: 0o600 })
    chmodSync(path, fileMode)
    chmodSync(folder, folderMode)
    const from = join(root, 'nobody')
    mkdirSync(from, { recursive: true })
    const bus = busOn({
      database: join(from, 'x'),
      port: await freePort(),
      uid: NOBODY,
      env: { BUS_DB_PATH: path },
    })
    onTestFinished(() => bus.kill())
    expect(await bus.refused()).toEqual({ code: 1, signal: null })
    expect(bus.err).toMatch(/^intent-bus: [^\n]+\n$/)
    expect(bus.err).toContain(says)
    // As in a container whose /data is a directory that Docker made.
    expect(bus.err).toMatch(
      / belongs to user 0, and the bus runs as user 65534: sudo chown -R 65534:\d+ \S+ \(in Docker: /,
    )
    expect(readFileSync(path).equals(sound)).toBe(true)
  })
})

test.skipIf(cannot !== null)('a folder that another user cannot make is named with what to do', async () => {
  chmodSync(folder, 0o755)
  const from = join(root, 'nobody')
  mkdirSync(from, { recursive: true })
  const there = join(folder, 'new')
  const env = { BUS_DB_PATH: join(there, 'bus.db') }
  const bus = busOn({ database: join(from, 'x'), port: await freePort(), uid: NOBODY, env })
  onTestFinished(() => bus.kill())
  expect(await bus.refused()).toEqual({ code: 1, signal: null })
  expect(bus.err).toContain(
    ` ${folder} belongs to user 0, and the bus runs as user ${NOBODY}: sudo install -d -m 700 -o ${NOBODY} -g ${NOBODY} ${there} (in Docker: `,
  )
})

describe('one bus per database', () => {
  test('a second one refuses, and says who has it', async () => {
    const first = await start()
    await first.serving()
    expect(await refusal()).toContain(`in use by another bus (process ${first.pid} on ${hostname()}, since `)
    expect(await answers(first.port, '/health/ready')).toBe(200)
  })

  test('once the first was killed, the next one starts, and nothing has to be cleaned up', async () => {
    const first = await start()
    await first.serving()
    await first.kill()
    const second = await start()
    await second.serving()
    expect(readFileSync(`${path}.holder`, 'utf8')).toContain(`process ${second.pid} on `)
  })

  test('a copy of the database is another database', async () => {
    const first = await start()
    await first.serving()
    copyFileSync(path, join(folder, 'copy.db'))
    path = join(folder, 'copy.db')
    await (await start()).serving()
  })
})

test('it writes with a write-ahead log and synchronous = FULL', () => {
  const db = openWriting(path, () => {})
  onTestFinished(() => {
    db.close()
  })
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
  expect(db.pragma('synchronous', { simple: true })).toBe(2)
})

test('where it cannot have a write-ahead log it does not start', () => {
  // Memory is a place where SQLite cannot keep one, as some network file systems are.
  expect(() => openWriting(':memory:', () => {})).toThrow(
    /cannot be written durably here \(journal_mode memory/,
  )
})

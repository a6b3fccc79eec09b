/** One bus per database file, by whatever name it is reached and whatever becomes of the files beside it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import Sqlite from '../../store/sqlite/driver.ts'
import { takeOwnership } from '../../store/sqlite/ownership.ts'
import { SmallDisk, whyNoSmallDisk } from '../hostile/small-disk.ts'
import { BusProcess } from '../support/bus-process.ts'

/** Has a database open as a bus does. */
const OPENS = `
  const db = new (require('node:sqlite').DatabaseSync)(process.argv[1])
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x)')
  console.log('open')
  process.stdin.resume()`

const IN_USE = /is in use by another bus/

let dir: string
let path: string
beforeEach(() => {
  // Two seconds are granted to a bus that ends: nobody ends here.
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    later += 60_000
    return 'timed-out'
  })
  let later = 0
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + later)
  dir = mkdtempSync(join(tmpdir(), 'bus-owner-'))
  path = join(dir, 'bus.db')
  writeFileSync(path, '')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true, force: true })
})

function owned(file = path): () => void {
  const letGo = takeOwnership(file)
  onTestFinished(letGo)
  return letGo
}

describe('a second bus is refused, though', () => {
  test('the lock was deleted', () => {
    owned()
    rmSync(`${path}.lock`)
    rmSync(`${path}.holder`)
    expect(() => takeOwnership(path)).toThrow(IN_USE)
  })

  test('the lock was renamed', () => {
    owned()
    renameSync(`${path}.lock`, join(dir, 'old.lock'))
    expect(() => takeOwnership(path)).toThrow(IN_USE)
  })

  test('the lock was replaced by a copy of itself', () => {
    owned()
    copyFileSync(`${path}.lock`, join(dir, 'copy'))
    renameSync(join(dir, 'copy'), `${path}.lock`)
    expect(() => takeOwnership(path)).toThrow(IN_USE)
  })

  test('it comes by a symbolic link to the file', () => {
    owned()
    const other = join(dir, 'other')
    mkdirSync(other)
    symlinkSync(path, join(other, 'bus.db'))
    expect(() => takeOwnership(join(other, 'bus.db'))).toThrow(IN_USE)
  })

  test('it comes by a symbolic link to the folder', () => {
    owned()
    symlinkSync(dir, `${dir}-link`)
    onTestFinished(() => rmSync(`${dir}-link`))
    expect(() => takeOwnership(join(`${dir}-link`, 'bus.db'))).toThrow(IN_USE)
  })

  test('it comes by a hard link, which has another lock beside it', () => {
    owned()
    const other = join(dir, 'other')
    mkdirSync(other)
    linkSync(path, join(other, 'bus.db'))
    expect(() => takeOwnership(join(other, 'bus.db'))).toThrow(IN_USE)
  })

  test('it comes by a bind mount of the file', context => {
    owned()
    const other = join(dir, 'other')
    mkdirSync(other)
    const mounted = join(other, 'bus.db')
    writeFileSync(mounted, '')
    if (spawnSync('mount', ['--bind', path, mounted]).status !== 0)
      return context.skip('nobody may mount here')
    try {
      expect(() => takeOwnership(mounted)).toThrow(IN_USE)
    } finally {
      spawnSync('umount', [mounted])
    }
  })

  test('the first one was started on a database that was not there yet', () => {
    rmSync(path)
    onTestFinished(takeOwnership(path, { makes: true }))
    rmSync(`${path}.lock`)
    expect(() => takeOwnership(path)).toThrow(IN_USE)
  })

  test('the first one came by a link to nothing, before there was a database', () => {
    rmSync(path)
    const other = join(dir, 'other')
    mkdirSync(other)
    symlinkSync('../bus.db', join(other, 'first'))
    symlinkSync('first', join(other, 'bus.db'))
    onTestFinished(takeOwnership(join(other, 'bus.db'), { makes: true }))
    expect(existsSync(path)).toBe(true)
    rmSync(`${path}.lock`)
    expect(() => takeOwnership(path)).toThrow(IN_USE)
  })

  test('a program of the same process has read the file meanwhile', () => {
    owned()
    copyFileSync(path, join(dir, 'a-copy'))
    rmSync(`${path}.lock`)
    expect(() => takeOwnership(path)).toThrow(IN_USE)
  })
})

test('a bus of an earlier version, which has the lock beside the database alone, is respected', () => {
  const earlier = new Sqlite(`${path}.lock`)
  onTestFinished(() => void earlier.close())
  earlier.exec('BEGIN EXCLUSIVE')
  expect(() => takeOwnership(path)).toThrow(IN_USE)
})

describe('a bus of an earlier version is respected, though its lock has a second name, since', () => {
  function earlier(): void {
    const beside = new Sqlite(`${path}.lock`)
    onTestFinished(() => void beside.close())
    beside.exec('BEGIN EXCLUSIVE')
    linkSync(`${path}.lock`, join(dir, 'snapshot.lock'))
  }

  test('the whole directory was copied with links', () => {
    earlier()
    linkSync(path, join(dir, 'snapshot'))
    expect(() => takeOwnership(path)).toThrow(IN_USE)
    expect(existsSync(`${path}.lock`)).toBe(true)
  })

  test('it has the database open', async () => {
    earlier()
    const other = spawn(process.execPath, ['-e', OPENS, path], { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void other.kill())
    await once(other.stdout, 'data')
    expect(() => takeOwnership(path)).toThrow(IN_USE)
    other.kill()
    await once(other, 'exit')
    takeOwnership(path)()
  })
})

test('a link in the place of the lock is refused: what it leads to is left as it is', () => {
  symlinkSync(join(dir, 'elsewhere'), `${path}.lock`)
  expect(() => takeOwnership(path)).toThrow(/bus\.db\.lock cannot be locked: it is a link/)
  expect(existsSync(join(dir, 'elsewhere'))).toBe(false)
})

test('a bus on a copy of the whole directory runs beside the first, even if the copy shares the lock', () => {
  owned()
  const copied = `${dir}-copied`
  cpSync(dir, copied, { recursive: true })
  onTestFinished(() => rmSync(copied, { recursive: true }))
  rmSync(join(copied, 'bus.db.lock'))
  linkSync(`${path}.lock`, join(copied, 'bus.db.lock'))
  owned(join(copied, 'bus.db'))
  expect(() => takeOwnership(path)).toThrow(IN_USE)
})

test('who lets go of it leaves it to the next', () => {
  takeOwnership(path)()
  expect(existsSync(`${path}.holder`)).toBe(false)
  takeOwnership(path)()
})

test('where a database is only read or put, none is made', () => {
  rmSync(path)
  takeOwnership(path)()
  expect(existsSync(path)).toBe(false)
})

const noSmallDisk = whyNoSmallDisk()
test.skipIf(noSmallDisk !== null)('it takes no room on the disk', () => {
  const disk = new SmallDisk(1)
  onTestFinished(() => disk.remove())
  const file = join(disk.path, 'bus.db')
  writeFileSync(file, '')
  disk.fill()
  const letGo = takeOwnership(file)
  expect(() => takeOwnership(file)).toThrow(IN_USE)
  letGo()
})

describe('of two real buses', () => {
  const start = (database: string) => {
    const bus = new BusProcess(dirname(database), { PORT: '0', BUS_DB_PATH: database })
    onTestFinished(() => bus.kill())
    return bus
  }

  test('the second does not start when the lock of the first is deleted', async () => {
    await start(path).ready()
    for (const ending of ['.lock', '.holder']) rmSync(path + ending)
    const second = start(path)
    expect(await second.refused()).toMatchObject({ code: 1 })
    expect(second.err).toMatch(IN_USE)
  })

  test('the second starts after the first was killed', async () => {
    const first = start(path)
    await first.ready()
    await first.kill()
    await start(path).ready()
  })
})

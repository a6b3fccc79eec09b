import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SmallDisk, whyNoSmallDisk } from '../hostile/small-disk.ts'
import { root } from '../support/root.ts'
import { ALICE, OLD_MASTER, ReferenceFile } from './reference-file.ts'
import { broken } from './soundness.ts'

const ROWS = 100_000
/** In the midst of the transaction: more than SQLite keeps in memory, less than all. */
const MIDST_BYTES = 8 * 1024 * 1024

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bus-import-'))
  fill('large.db', ROWS)
  fill('small.db', ROWS / 10)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function fill(name: string, rows: number): void {
  const file = new ReferenceFile(join(dir, name))
  file.key(ALICE)
  file.db.transaction(() => {
    for (let i = 0; i < rows; i += 1) {
      const goal = `goal ${i % 50}`
      const publisher = i % 3 === 0 ? ALICE : OLD_MASTER
      const payload = JSON.stringify({ i, text: 'x'.repeat(200) })
      if (i % 5 !== 0) file.intent({ goal, publisher, payload })
      else if (i % 2 === 0)
        file.intent({ goal, publisher, payload, status: 'fulfilled', completed_at: file.now })
      else file.letter(file.intent({ goal, publisher, payload, status: 'dead', failed_at: file.now }))
    }
  })()
  file.close()
}

/** Says at its end how much memory it had at its most, in KiB. (`maxRSS` would count what started it, too.) */
const WITH_MEMORY = `
  import { readFileSync } from 'node:fs'
  const most = () => /^VmHWM:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]
  process.on('exit', () => console.error('most', most()))`

function importing(source: string, target: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(WITH_MEMORY)}`,
      join(root, 'clients/cli/intent-bus.js'),
      ...['import', 'reference', join(dir, source), '--db', resolve(dir, target, 'bus.db'), '--yes'],
    ],
    {
      env: { PATH: process.env['PATH'] ?? '', HOME: dir, BUS_SECRET: OLD_MASTER },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let err = ''
  child.stderr!.on('data', chunk => {
    err += chunk
  })
  const ended = new Promise<{ code: number | null; err: string }>(resolve =>
    child.on('close', code => resolve({ code, err })),
  )
  return { child, ended }
}

const count = (target: string, table: string) => {
  const db = new Sqlite(resolve(dir, target, 'bus.db'))
  const rows = db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  db.close()
  return rows
}

test('an import that is killed in its midst has taken nothing, and can be run again', async () => {
  const { child, ended } = importing('large.db', 'killed')
  const log = join(dir, 'killed/bus.db-wal')
  const deadline = Date.now() + 60_000
  while (!existsSync(log) || statSync(log).size < MIDST_BYTES) {
    expect(child.exitCode).toBeNull()
    expect(Date.now()).toBeLessThan(deadline)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  child.kill('SIGKILL')
  await ended
  for (const table of ['intents', 'lanes', 'api_keys', 'dead_letters']) expect(count('killed', table)).toBe(0)

  expect((await importing('large.db', 'killed').ended).code).toBe(0)
  expect(count('killed', 'intents')).toBe(ROWS)
  expect(broken(join(dir, 'killed/bus.db'))).toEqual([])
})

const noDisk = whyNoSmallDisk()
if (noDisk !== null) console.warn(`full disks are not tested here: ${noDisk}`)

test.skipIf(noDisk !== null)(
  'an import for which there is no room says so in one line, and has taken nothing',
  async () => {
    const disk = new SmallDisk(16)
    try {
      const { code, err } = await importing('large.db', disk.path).ended
      expect([code, err]).toEqual([
        2,
        expect.stringMatching(/^error: .*the disk is full.*\nNothing was taken\.\n/),
      ])
      expect(count(disk.path, 'intents')).toBe(0)
    } finally {
      disk.remove()
    }
  },
)

test('ten times the rows take hardly more memory', async () => {
  const mostOf = async (source: string) => {
    const { code, err } = await importing(source, `memory-${source}`).ended
    expect(code).toBe(0)
    return Number(/^most (\d+)$/m.exec(err)![1]) / 1024
  }
  const small = await mostOf('small.db')
  const large = await mostOf('large.db')
  console.log(`at most ${Math.round(small)} MiB for ${ROWS / 10} rows, ${Math.round(large)} for ${ROWS}`)
  expect(large - small).toBeLessThan(60)
})

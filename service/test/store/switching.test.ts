/** A restore that is killed between two of its steps leaves the old bus whole, or the new one. */
import { existsSync, linkSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { incoming, isSwitching, markSwitch, undoSwitch } from '../../store/sqlite/switching.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

let folder: string
let path: string
let aside: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-switch-'))
  path = join(folder, 'bus.db')
  aside = `${path}.before-restore-20261130T100000Z`
})
afterEach(() => rmSync(folder, { recursive: true }))

const put = (file: string, text: string) => writeFileSync(file, text)
const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : null)

const moveLog = () => renameSync(`${path}-wal`, `${aside}-wal`)
const nameTwice = () => linkSync(path, aside)
const moveDatabase = () => renameSync(path, aside)
const switchOver = () => renameSync(incoming(path), path)

describe('killed', () => {
  beforeEach(() => {
    put(path, 'old')
    put(`${path}-wal`, 'its log')
    put(incoming(path), 'new')
    markSwitch(path, aside)
  })

  test.each([
    ['before anything is moved', []],
    ['when the log is moved', [moveLog]],
    ['when the database has its second name', [moveLog, nameTwice]],
    ['when the database is moved, where there are no second names', [moveLog, moveDatabase]],
  ])('%s, the old database is in its place with its log', (_when, steps) => {
    for (const step of steps) step()
    expect(undoSwitch(path)).toBe(true)
    expect([read(path), read(`${path}-wal`)]).toEqual(['old', 'its log'])
    expect([read(aside), read(`${aside}-wal`), isSwitching(path)]).toEqual([null, null, false])
    expect(undoSwitch(path)).toBe(false)
  })

  test('when the new one is in its place, that one stays, and the old log is not read into it', () => {
    for (const step of [moveLog, nameTwice, switchOver]) step()
    expect(undoSwitch(path)).toBe(false)
    expect([read(path), read(`${path}-wal`), isSwitching(path)]).toEqual(['new', null, false])
    expect([read(aside), read(`${aside}-wal`)]).toEqual(['old', 'its log'])
  })
})

test('a bus that is started then has all that was acknowledged', async () => {
  const said: string[] = []
  const log = { info() {}, warn() {}, error: (text: string) => said.push(text) }
  const first = await openSqliteStore({ path, log })
  await first.commit([publishOp('a', routeIn('default'))], 1000)
  const killed = [readFileSync(path), readFileSync(`${path}-wal`)] as const
  await first.close()
  put(incoming(path), 'new')
  markSwitch(path, aside)
  writeFileSync(aside, killed[0])
  writeFileSync(`${aside}-wal`, killed[1])
  rmSync(path)

  const again = await openSqliteStore({ path, log })
  expect(await again.intent('a')).not.toBeNull()
  await again.close()
  expect(said).toEqual([expect.stringContaining('a restore was interrupted')])
})

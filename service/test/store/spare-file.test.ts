/** Room put by in a folder where others may have put something else under the name of the spare file. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cut, SpareFile } from '../../store/sqlite/spare-file.ts'

const KIB = 1024
const TEXT = 'a key that somebody needs'.repeat(1000)

let folder: string
let path: string
let victim: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-spare-'))
  path = join(folder, 'bus.db.spare')
  victim = join(folder, 'victim')
  writeFileSync(victim, TEXT)
})
afterEach(() => rmSync(folder, { recursive: true }))

test('it is made, cut shorter in steps, and made again', async () => {
  const spare = new SpareFile(path, 64 * KIB)
  await spare.make()
  expect([statSync(path).size, spare.there]).toEqual([64 * KIB, 64 * KIB])
  expect(spare.giveUp(10 * KIB)).toBe(true)
  expect([statSync(path).size, spare.there]).toEqual([54 * KIB, 54 * KIB])
  expect(new SpareFile(path, 20 * KIB).there).toBe(20 * KIB)
})

describe.each([
  ['a symbolic link', () => symlinkSync(victim, path)],
  ['another name of the file', () => linkSync(victim, path)],
])('%s in its place', (_what, plant) => {
  beforeEach(plant)

  test.each([0, 16 * KIB])('is not cut when the bus starts, with %d bytes to be put by', bytes => {
    const spare = new SpareFile(path, bytes)
    expect(spare.there).toBe(0)
    expect(spare.giveUp(KIB)).toBe(false)
    expect(() => cut(path, 0)).toThrow()
    expect(readFileSync(victim, 'utf8')).toBe(TEXT)
  })

  test('is replaced by a file of the bus, and what it led to stays as it was', async () => {
    const spare = new SpareFile(path, 64 * KIB)
    await spare.make()
    expect(lstatSync(path).isFile()).toBe(true)
    expect([statSync(path).size, spare.there]).toEqual([64 * KIB, 64 * KIB])
    expect(readFileSync(victim, 'utf8')).toBe(TEXT)
  })

  test('that comes while the bus runs is neither cut nor written to', async () => {
    rmSync(path)
    const spare = new SpareFile(path, 64 * KIB)
    await spare.make()
    rmSync(path)
    plant()
    expect(spare.giveUp(KIB)).toBe(false)
    expect(readFileSync(victim, 'utf8')).toBe(TEXT)
  })
})

test('a link to nothing makes nothing elsewhere', async () => {
  const elsewhere = join(folder, 'elsewhere')
  symlinkSync(elsewhere, path)
  await new SpareFile(path, 64 * KIB).make()
  expect(existsSync(elsewhere)).toBe(false)
})

test('a folder in its place is left alone, and said', async () => {
  mkdirSync(path)
  const spare = new SpareFile(path, 64 * KIB)
  await expect(spare.make()).rejects.toThrow()
  expect(lstatSync(path).isDirectory()).toBe(true)
})

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openWriting } from '../../store/sqlite/connection.ts'
import { copyInto, examine } from '../../store/sqlite/copy.ts'

/** Somebody who may write where the copy goes acts as soon as its name is free. */
const somebody = vi.hoisted(() => ({ sees: (_freed: string) => {} }))
vi.mock('node:fs', async original => {
  const real = await original<typeof import('node:fs')>()
  const freed = (path: string, options: object) => {
    real.rmSync(path, options)
    somebody.sees(path)
  }
  return { ...real, rmSync: freed }
})

let folder: string
let database: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-copy-'))
  database = join(folder, 'bus.db')
  openWriting(database, () => {}).close()
})
afterEach(() => {
  somebody.sees = () => {}
  rmSync(folder, { recursive: true })
})

test('a link that is planted at the name of the copy leads nothing to another file', () => {
  const key = join(folder, 'bus.key')
  writeFileSync(key, 'the key of the vault')
  const target = join(folder, 'copy.db')
  somebody.sees = path => {
    if (path === target) symlinkSync(key, target)
  }
  expect(() => copyInto(database, target, 1000)).toThrow('EEXIST')
  expect(readFileSync(key, 'utf8')).toBe('the key of the vault')
})

test('what an interrupted copy has left at its name is replaced', () => {
  const target = join(folder, 'copy.db')
  writeFileSync(target, 'half of a copy')
  copyInto(database, target, 1000)
  expect(examine(target).copiedAt).toBe(1000)
})

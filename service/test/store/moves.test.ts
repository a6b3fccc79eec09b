import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WRITE_SQL } from '../../store/sqlite/statements.ts'
import { root } from '../support/root.ts'

const STORE = join(root, 'service/store/sqlite')

const sources = readdirSync(STORE, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
const filesWith = (pattern: RegExp): string[] =>
  sources.filter(name => pattern.test(readFileSync(join(STORE, name), 'utf8'))).sort()
const others = (names: string[]): string[] => names.filter(name => !name.startsWith('moves/'))

/** Statements that make an intent, delete one, or write the state of one. */
const CHANGING = Object.entries(WRITE_SQL)
  .filter(([, text]) => /INSERT INTO intents|DELETE FROM intents|UPDATE intents\s+SET state/.test(text))
  .map(([name]) => name)

test('only moves/ writes the state of an intent', () => {
  expect(CHANGING).toEqual(expect.arrayContaining(['insertIntent', 'claim', 'fulfil', 'die', 'deleteIntent']))
  for (const name of CHANGING) {
    const used = filesWith(new RegExp(`\\bsql\\.${name}\\.`))
    expect(used.length, name).toBeGreaterThan(0)
    expect(others(used), name).toEqual([])
  }
})

test('only moves/ counts an intent from one state into another, and what takes in those of another server', () => {
  expect(others(filesWith(/\blanes\.move\(/))).toEqual(['adoption.ts'])
})

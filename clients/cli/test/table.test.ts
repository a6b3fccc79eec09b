import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { table } from '../src/table.ts'

const terminal = (columns: number) =>
  Object.assign(new PassThrough(), { isTTY: true, columns }) as unknown as NodeJS.WriteStream
const pipe = new PassThrough() as unknown as NodeJS.WriteStream
const linesOf = (text: string) => stripVTControlCharacters(text).split('\n')

const COLUMNS = [
  { head: 'id' },
  { head: 'tries', right: true },
  { head: 'goal', most: 6 },
  { head: 'error' },
] as const
const LONG = `no such file: ${'x'.repeat(40)} and more`
const ROWS = [
  ['a1', '3', 'resize-all', LONG],
  ['b2', '12', 'mail', ''],
]

describe('a table in a terminal', () => {
  test('fits its width: numbers are aligned at the right, and a long last column continues below without loss', () => {
    const lines = linesOf(table(COLUMNS, ROWS, terminal(40)))
    expect(lines.slice(0, 2)).toEqual(['id  tries  goal    error', 'a1      3  resiz…  no such file:'])
    expect(lines.at(-1)).toBe('b2     12  mail')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
    const below = lines.slice(1, -1).map(line => line.slice(19).trim())
    expect(below.join('').replace(/ /g, '')).toBe(LONG.replace(/ /g, ''))
  })

  test('without room for the last column starts it on a new line', () => {
    const lines = linesOf(table(COLUMNS, ROWS.slice(0, 1), terminal(30)))
    expect(lines.slice(1, 3)).toEqual(['a1      3  resiz…', '    no such file:'])
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(30)
  })

  test('counts no colours as characters', () => {
    const style = (padded: string) => `\u001b[31m${padded}\u001b[39m`
    const columns = [{ head: 'state', style }, { head: 'goal' }]
    expect(linesOf(table(columns, [['dead', 'x']], terminal(80)))[1]).toBe('dead   x')
  })
})

test('a table in a pipe has everything, each row on its line', () => {
  expect(table(COLUMNS, ROWS, pipe).split('\n')).toEqual([
    'id  tries  goal        error',
    `a1  3      resize-all  ${LONG}`,
    'b2  12     mail',
  ])
})

test('a table may have 200,000 lines', () => {
  const rows = Array(200_000).fill(['1', '2'])
  expect(table([{ head: 'a' }, { head: 'b' }], rows).split('\n')).toHaveLength(200_001)
})

import { stripVTControlCharacters, styleText } from 'node:util'
import { expect, test } from 'vitest'
import { folded } from '../src/folded.ts'

test.each([20, 40, 80, 100])('sentences are broken between words, at %i columns', columns => {
  const text =
    'Waiting for jobs with the goal shout in the namespace default of the bus. Ctrl-C stops. '.repeat(3)
  const lines = folded(text, columns).split('\n')
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
  expect(lines.join(' ')).toBe(text.trimEnd())
})

test.each([
  ['`intent-bus list --goal shout`', 'There was no job. `intent-bus list --goal shout` shows what waits.'],
  [
    'npx intent-bus keys change NUMBER --rate 600',
    'An admin can raise it: npx intent-bus keys change NUMBER --rate 600',
  ],
  [
    'intent-bus keys revoke 7',
    'Key 7 is made, but not shown. Revoke it: intent-bus keys revoke 7. Then make another.',
  ],
  ['https://bus.example.com/a/long/path', 'The bus is at https://bus.example.com/a/long/path and elsewhere.'],
])('%s stays in one piece, whatever the width', (whole, text) => {
  for (let columns = 10; columns < 80; columns += 1) {
    const lines = folded(text, columns).split('\n')
    expect(lines.filter(line => line.includes(whole))).toHaveLength(1)
    expect(lines.join(' ')).toBe(text)
  }
})

test('a sentence behind a command is broken where it needs to be', () => {
  expect(folded('Do it: intent-bus list. Then look at what it says', 24)).toBe(
    'Do it: intent-bus list.\nThen look at what it\nsays',
  )
})

test('colours take no room, and what is indented stays so', () => {
  const dim = styleText('dim', 'four words are here', { validateStream: false })
  expect(stripVTControlCharacters(folded(dim, 12))).toBe('four words\nare here')
  expect(folded('Due:\n  one two three', 9)).toBe('Due:\n  one two\n  three')
})

test.each(['a ` b', '`', '``` `', ' ', '', 'a  b', 'a: intent-bus '])('%j loses nothing', text => {
  expect(folded(text, 3).replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
})

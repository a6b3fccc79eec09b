/** What is typed: texts that look like something else, nothing at all, and files in the wrong encoding. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { busForFile } from '@intent-bus/service/test/support/bus'
import { expect, test } from 'vitest'
import { refuseEmpty } from '../src/empty.ts'
import { everyCommand, fullProgram } from '../src/main.ts'
import { withTextAsWord } from '../src/publish/words.ts'
import { textOf } from '../src/text.ts'
import { emptyDir, userOf } from './support/run.ts'

const bus = await busForFile()
const user = userOf(bus.url)
const payloadOf = async (id: string) => (await bus.admin.get(`/admin/intents/${id}`)).json.payload

test.each([
  ['it begins with @', ['note', '--text', '@all come in']],
  ['it is the only dash of stdin', ['note', '--text', '-']],
  ['it looks like an option', ['note', '--text', '--public', '--priority', '7']],
  ['the option comes last', ['note', '@x', '--text']],
  ['the option comes first', ['--text', 'note', '@x']],
])('--text takes text, also when %s', async (_when, words) => {
  const { code, out } = await user.run(['publish', ...words], { stdin: 'from stdin' })
  expect(code).toBe(0)
  expect(await payloadOf(out.trim())).toBe(
    words.find(word => /^[@-]/.test(word) && !['--text', '--priority'].includes(word)),
  )
})

test('where the words of publish are put so that a text is none of its options', () => {
  const program = fullProgram() as never
  const put = (...words: string[]) => withTextAsWord(['node', 'cli', ...words], program).slice(2)
  expect(put('publish', 'note', '--text', '--json', '-n', 'home')).toEqual([
    ...['publish', '--text', '-n', 'home', '--', 'note', '--json'],
  ])
  expect(put('-n', 'home', 'publish', 'note', '--wait', '20', '--text', '-x')).toEqual([
    ...['publish', '-n', 'home', '--wait', '20', '--text', '--', 'note', '-x'],
  ])
  for (const words of [
    ['publish', 'note', '1', '--public'],
    ['work', 'note', '--', 'echo', '--text', '-x'],
  ])
    expect(put(...words)).toEqual(words)
})

test('a text comes from a file or from stdin by --text-file', async () => {
  const file = join(emptyDir(), 'note.txt')
  writeFileSync(file, '\ufeffgrün\n')
  const published = async (...words: string[]) =>
    payloadOf((await user.run(['publish', 'note', ...words], { stdin: 'piped' })).out.trim())
  expect(await published('--text-file', file)).toBe('grün\n')
  expect(await published('--text-file', '-')).toBe('piped')
  expect(await user.run(['publish', 'note', '1', '--text-file', file])).toMatchObject({ code: 2 })
  expect(await user.run(['publish', 'note', '--text'])).toMatchObject({ code: 2 })
})

test('a value is kept as it is with --text', async () => {
  expect((await user.run(['kv', 'set', 'who', '@all', '--text'])).code).toBe(0)
  expect((await user.run(['kv', 'get', 'who'])).out).toBe('@all\n')
})

test('what is empty is refused, as it would mean something wider: an argument or an option of any command', () => {
  const refused: string[] = []
  for (const { command, path } of everyCommand(fullProgram() as never)) {
    if (command.commands.length > 0) continue
    const cases = [
      ...command.registeredArguments.map((argument, i) => ({
        name: argument.name(),
        args: [...Array(i).fill('x'), ''],
      })),
      ...command.options
        .filter(({ required, optional }) => required || optional)
        .map(option => ({ name: option.long!, option })),
    ]
    for (const { name, ...given } of cases) {
      command.args = 'args' in given ? given.args : []
      if ('option' in given) command.setOptionValueWithSource(given.option.attributeName(), '', 'cli')
      try {
        refuseEmpty(command, path)
        refused.push(`${[...path, name].join(' ')} may be empty`)
      } catch (error) {
        expect((error as Error).message).toMatch(/ is empty\. Is a variable not set\?$/)
      }
      if ('option' in given)
        command.setOptionValueWithSource(given.option.attributeName(), undefined, undefined)
    }
  }
  expect(refused.sort()).toEqual([
    'keys change --note may be empty',
    'keys create --note may be empty',
    'kv set value may be empty',
    'maintenance on --note may be empty',
    'publish payload may be empty',
    'work command may be empty',
  ])
})

test.each([
  [['work', '', '--once', '--exec', 'true'], 'GOAL is empty'],
  [['publish', 'job', '1', '--target-worker', ''], '--target-worker is empty'],
  [['publish', 'job', '1', '-n', ' '], '--namespace is empty'],
  [['work', 'job', '--exec', 'true', '--capabilities', 'gpu,,ocr'], '--capabilities takes names'],
])('nothing is done where a variable was not set: %j', async (args, message) => {
  expect(await user.run(args)).toMatchObject({ code: 2, err: expect.stringContaining(message) })
})

test.each([
  [
    'Latin-1',
    Buffer.from('"gr\xfcn"', 'latin1'),
    'bytes in another encoding, not UTF-8; the first wrong byte is 4 of 6.',
  ],
  ['UTF-16', Buffer.from('\ufeff"a"', 'utf16le'), 'UTF-16, not UTF-8; the first wrong byte is 1 of 8.'],
  ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0]), 'gzip, not UTF-8; the first wrong byte is 2 of 5.'],
  [
    'cut off in a character',
    Buffer.from('"grün').subarray(0, 4),
    'bytes in another encoding, not UTF-8; the first wrong byte is 4 of 4.',
  ],
])('a text in %s is refused, with where it is wrong', (_what, bytes, message) => {
  expect(() => textOf(bytes, 'x is')).toThrow(`x is ${message}`)
})

test('a file in another encoding is not published with replacement characters', async () => {
  const file = join(emptyDir(), 'latin1')
  writeFileSync(file, Buffer.from('{"goal":"gr\xfcn"}\n', 'latin1'))
  for (const args of [
    ['publish', 'x', `@${file}`],
    ['publish', '--batch', file],
    ['kv', 'set', 'x', `@${file}`],
    ['publish', 'x', '--text-file', file],
  ])
    expect(await user.run(args)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`${file} is bytes in another encoding`),
    })
})

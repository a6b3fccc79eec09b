import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { workers } from './shells.ts'

const AWKS = [['mawk'], ['gawk'], ['busybox', 'awk'], ['awk']].map(command => {
  const missing = installed(command[0]!) === undefined
  return { command, missing, name: `${command.join(' ')}${missing ? ' (skipped: not installed)' : ''}` }
})

for (const { name, command, missing } of AWKS) {
  describe.skipIf(missing)(`JSON in ${name}`, () => {
    function awk(
      program: string,
      variables: string[],
      input: string | Buffer,
    ): { code: number | null; out: string } {
      const { status, stdout } = spawnSync(
        command[0]!,
        [
          ...command.slice(1),
          ...variables.flatMap(pair => ['-v', pair]),
          '-f',
          join(workers, 'lib', program),
        ],
        { input, env: { LC_ALL: 'C', PATH: process.env['PATH'] ?? '' } },
      )
      return { code: status, out: stdout.toString('utf8') }
    }
    const json = (input: string, ...variables: string[]) => awk('json.awk', variables, input)
    const quoted = (bytes: Buffer) =>
      awk('quote.awk', [], [...bytes].map((byte, at) => `${byte}${at % 16 === 15 ? '\n' : ' '}`).join('')).out

    test('takes for JSON what JSON.parse takes, and nothing else', () => {
      const nearly = fc
        .tuple(
          fc.json({ maxDepth: 3 }),
          fc.nat(),
          fc.constantFrom('', ',', '"', '0', ' ', '}', ']', '\\', '-', '\n', 'e'),
        )
        .map(([text, at, put]) => {
          const place = at % (text.length + 1)
          return text.slice(0, place) + put + text.slice(place + (at % 2))
        })
      fc.assert(
        fc.property(nearly, text => {
          expect(json(text, 'want=check').code, text).toBe(isJson(text) ? 0 : 1)
        }),
        { numRuns: 80 },
      )
    })

    test('finds a member and gives it back as it was written', () => {
      const values = fc.dictionary(
        fc.constantFrom('a', 'b', 'c', 'é', 'with "', '__proto__'),
        fc.json({ maxDepth: 2 }),
      )
      fc.assert(
        fc.property(values, members => {
          const text = `{ ${Object.entries(members).map(([key, value]) => `${JSON.stringify(key)} : ${value}`)} }`
          for (const key of ['a', 'b', 'é']) {
            const value = Object.hasOwn(members, key) ? members[key]! : undefined
            expect(json(text, 'want=raw', `name=${key}`)).toEqual({
              code: value === undefined ? 1 : 0,
              out: value ?? '',
            })
          }
        }),
        { numRuns: 30 },
      )
    })

    test('reads a string as the text that it stands for', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, ascii) => {
          const written = ascii ? escaped(text) : JSON.stringify(text)
          expect(json(`{"a":[1],"text":${written}}`, 'want=text', 'name=text').out).toBe(
            text.replaceAll('\0', '\ufffd'),
          )
        }),
        { numRuns: 30 },
      )
    })

    test('reads half a surrogate pair as U+FFFD, and two halves as one character', () => {
      expect(json(String.raw`"\ud800 \ud83d\ude00 \ude00"`, 'want=text').out).toBe('\ufffd 😀 \ufffd')
    })

    test('takes null for no text, and the last of two members with the same name', () => {
      expect(json('{"a":null}', 'want=text', 'name=a').code).toBe(1)
      expect(json('{"a":1,"a":2}', 'want=text', 'name=a').out).toBe('2')
    })

    test('makes of any bytes the JSON string of their text, in ASCII, without line breaks at the end', () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.string({ unit: 'binary' }).map(text => Buffer.from(text)),
      )
      fc.assert(
        fc.property(bytes, sample => {
          const written = quoted(Buffer.from(sample))
          expect(written).toMatch(/^[ -~]*$/)
          // How many U+FFFD stand for one broken character is a matter of taste.
          const once = (text: string) => text.replace(/\ufffd+/g, '\ufffd').replace(/\n+$/, '')
          expect(once(JSON.parse(written))).toBe(
            once(new TextDecoder('utf-8', { ignoreBOM: true }).decode(sample)),
          )
        }),
        { numRuns: 80 },
      )
    })
  })
}

test('an empty name, as of a variable that is not set, does not print the whole', () => {
  const { status, stdout, stderr } = spawnSync('sh', [join(workers, 'json.sh'), 'text', ''], {
    input: '{"token":"secret"}',
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain('NAME is empty')
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const escaped = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

import { analyse } from 'scslre'
import { describe, expect, test } from 'vitest'
import { defaultDefinitions } from '../../service/config/default-document.ts'
import { shellScripts } from '../shell-format.ts'
import { type Found, filesOfClone } from './regular-expressions/found.ts'
import { asJavaScript, expressionsInAwk, expressionsInScript } from './regular-expressions/in-shell.ts'
import { expressionsOf } from './regular-expressions/in-typescript.ts'

/**
 * `Trade` and `Self`: two parts of it, or one twice, can read the same characters, and a text that does not match is tried
 * in all ways to share them. `Move`: the search starts again at each character of a run. Each turns a text of n characters
 * into n² steps or more.
 */
const ALL = ['Trade', 'Self', 'Move'] as const

function slow(expressions: readonly Found[], types: readonly (typeof ALL)[number][] = ALL): string[] {
  return expressions.flatMap(({ place, source, flags }) => {
    const reportTypes = { Trade: false, Self: false, Move: false }
    for (const type of types) reportTypes[type] = true
    const { reports } = analyse({ source, flags }, { reportTypes })
    return reports.length === 0 ? [] : [`${place} /${source}/${flags} ${reports[0]!.type}`]
  })
}

describe('no regular expression takes more steps than its text has characters', () => {
  const sources = filesOfClone(/\.[cm]?[jt]s$/)
  const isTest = (name: string) => /(^|\/)(test|bench)\//.test(name)

  test('in the sources', () => {
    const expressions = sources.filter(name => !isTest(name)).flatMap(expressionsOf)
    expect(expressions.length).toBeGreaterThan(100)
    expect(slow(expressions)).toEqual([])
  })

  test('in the tests, but for searches of a text that is their own', () => {
    const expressions = sources.filter(isTest).flatMap(expressionsOf)
    expect(expressions.length).toBeGreaterThan(100)
    expect(slow(expressions, ['Trade', 'Self'])).toEqual([])
  })

  test('in the schemas that requests and answers are checked with', () => {
    const patterns = [...new Set(patternsIn(defaultDefinitions()))]
    expect(patterns.length).toBeGreaterThan(10)
    expect(slow(patterns.map(source => ({ place: 'a schema', source, flags: 'u' })))).toEqual([])
  })

  // These engines do not try one way after the other as JavaScript's does; only references back make them.
  test('in sed, grep and awk of the shell scripts, nor one that refers back to what it has matched', () => {
    const expressions = [
      ...shellScripts().flatMap(expressionsInScript),
      ...filesOfClone(/\.awk$/).flatMap(expressionsInAwk),
    ]
    expect(expressions.length).toBeGreaterThan(30)
    expect(slow(expressions, ['Trade', 'Self'])).toEqual([])
    expect(expressions.filter(({ source }) => /\\[1-9](?!\d)/.test(source))).toEqual([])
  })
})

test.each([
  ['a number whose digits two parts can take', String.raw`^\s*[+-]?(\d+\.?\d*|\.\d+)$`],
  ['one run inside of another', '^(a+)+$'],
  ['a run that is looked for anywhere', String.raw`\/+$`],
])('finds %s', (_what, source) => {
  expect(slow([{ place: 'here', source, flags: '' }])).toHaveLength(1)
})

test.each([
  ['s of sed', String.raw`^\([0-9]\{1,6\}\) (a+)$`, false, String.raw`^([0-9]{1,6}) \(a\+\)$`],
  ['grep -E', '^[[:space:]]*(#|A)=', true, String.raw`^[\s]*(#|A)=`],
  ['a bracket with a backslash', String.raw`[\\"]`, false, String.raw`[\\\\"]`],
])('reads %s as JavaScript would say it', (_what, pattern, extended, expected) => {
  expect(asJavaScript(pattern, extended)).toBe(expected)
})

function patternsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'pattern' && typeof inner === 'string' ? [inner] : patternsIn(inner),
  )
}

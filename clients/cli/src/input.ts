/** Payloads and values as they are typed: JSON, a text, a file, or what is piped in. */
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { Failure } from './failure.ts'
import { parseJson } from './json.ts'
import { textOf } from './text.ts'

/** @param argument `-` is stdin, `@FILE` a file, anything else itself. Stdin has to be asked for: in a `while read` loop it is the rest of the list. */
export async function typed(argument: string): Promise<string> {
  if (argument === '-') return contentOf('-')
  return argument.startsWith('@') ? contentOf(argument.slice(1)) : argument
}

/** Editors of Windows begin a file with a mark that JSON does not have. */
const MARK = /^\ufeff/

/** @param file `-` is stdin @throws {Failure} when it cannot be read, or is no UTF-8 */
export async function contentOf(file: string): Promise<string> {
  if (file === '-') return textOf(await buffer(process.stdin), 'Stdin is').replace(MARK, '')
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new Failure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  return textOf(bytes, `${file} is`).replace(MARK, '')
}

const QUOTE_IT = 'Quote it for the shell: \'{"name": "Ada"}\'. Or send it as a text: --text.'

/** @throws {Failure} when it is no JSON, with what to do about it */
export function jsonOf(what: string, source: string, wayOut = QUOTE_IT): unknown {
  try {
    return parseJson(source)
  } catch {
    const start = JSON.stringify(source.length > 60 ? `${source.slice(0, 60)}…` : source)
    throw new Failure(`${what} takes JSON; it got ${start}.`, undefined, wayOut)
  }
}

type Range = { least: number; most?: number; whole?: boolean }

/** For options that take a number. */
export function numberIn({
  least,
  most = Number.POSITIVE_INFINITY,
  whole = false,
}: Range): (given: string) => number {
  return given => {
    const value = given.trim() === '' ? Number.NaN : Number(given)
    if (Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value)))
      return value
    const range = most === Number.POSITIVE_INFINITY ? `from ${least}` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`It takes a ${whole ? 'whole number' : 'number'} ${range}.`)
  }
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** In the largest unit that divides it: `1 d`, `90 s`. */
function exactly(seconds: number): string {
  const unit = ['d', 'h', 'm'].find(each => seconds > 0 && seconds % UNITS[each]! === 0) ?? 's'
  return `${seconds / UNITS[unit]!} ${unit}`
}

function rangeOf(least: number, most: number): string {
  if (most !== Number.POSITIVE_INFINITY) return ` from ${exactly(least)} to ${exactly(most)}`
  return least === 0 ? '' : ` of at least ${exactly(least)}`
}

/** From the longest down. */
const EXAMPLES = ['90d', '1d', '12h', '30m', '45s', '5s', '1s']

/** Three, all of which would be taken. */
function examplesIn(least: number, most: number): string {
  const fit = EXAMPLES.filter(each => {
    const seconds = Number.parseInt(each, 10) * UNITS[each.at(-1)!]!
    return seconds >= least && seconds <= most
  })
  return fit.slice(0, 3).join(', ')
}

/** For options that take a time: `90d`, `12h`, `1.5h`, `45s`, or seconds. @returns seconds */
export function secondsIn({
  least,
  most = Number.POSITIVE_INFINITY,
  whole = false,
}: Range): (given: string) => number {
  return given => {
    const [, digits, unit] = /^(\d{1,9}(?:\.\d+)?)([smhdw])$/.exec(given.trim()) ?? []
    const seconds = digits === undefined ? Number(given.trim() || Number.NaN) : Number(digits) * UNITS[unit!]!
    if (
      Number.isFinite(seconds) &&
      seconds >= least &&
      seconds <= most &&
      (!whole || Number.isInteger(seconds))
    )
      return seconds
    throw new InvalidArgumentError(
      `It takes a time${rangeOf(least, most)}: ${examplesIn(least, most)}, or a ${whole ? 'whole ' : ''}number of seconds.`,
    )
  }
}

/** Of a time that need not be within bounds: whole seconds. */
export const secondsOf = secondsIn({ least: 0, whole: true })

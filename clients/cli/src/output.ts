/** What the command says: lines for people, or JSON with the names of the wire for programs. */
import { styleText } from 'node:util'
import { snake } from '@intent-bus/client/wire'
import { explain, ifUnwritten } from './lines.ts'

export class Output {
  readonly json: boolean
  readonly quiet: boolean

  constructor({ json = false, quiet = false }: { json?: boolean | undefined; quiet?: boolean | undefined }) {
    this.json = json
    this.quiet = quiet
  }

  /**
   * The result of the command, on stdout.
   *
   * @param text for people
   * @param done what is done all the same, if stdout cannot be written
   */
  say(value: object | string | null, text: string | (() => string), done?: string): void {
    if (done !== undefined) ifUnwritten(done)
    const shown = this.json ? jsonText(wired(value)) : typeof text === 'string' ? text : text()
    if (shown !== '') process.stdout.write(`${shown}\n`)
  }

  /** What happens meanwhile, on stderr. For people only. */
  note(text: string): void {
    if (!this.isSilent) explain(text)
  }

  /** What went wrong, and is no error that ends the command. On stderr, for people. */
  complain(text: string): void {
    if (!this.json) explain(text)
  }

  /** What happens meanwhile, for whoever sits there and waits: a log need not have it. Takes the line of a progress bar. */
  noteToTerminal(text: string): void {
    if (!this.isSilent && process.stderr.isTTY) explain(text, '\r\x1b[K')
  }

  /** Whether there is nobody to tell what happens meanwhile. */
  get isSilent(): boolean {
    return this.json || this.quiet
  }
}

/** Field names as they are on the wire, at the top and in a list. */
function wired(value: object | string | null): unknown {
  if (Array.isArray(value)) return value.map(item => wired(item))
  return typeof value === 'object' && value !== null && value.constructor === Object ? snake(value) : value
}

type Style = Parameters<typeof styleText>[0]

/** Coloured where the stream is a terminal that wants it (`NO_COLOR`, `FORCE_COLOR`). */
export const styled = (style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string =>
  styleText(style, text, { stream })

/** `name   value` lines. `null` and `undefined` are left out. */
export function fields(
  rows: readonly (readonly [name: string, value: string | number | null | undefined])[],
): string {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${styled('dim', name.padEnd(width))}  ${value}`).join('\n')
}

/** Broken between words; a word that is longer than the width stays whole. @param indent of all lines but the first */
export function wrapped(text: string, width: number, indent: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

/** `2026-11-24 14:03:07 +01:00`, in the time of this machine, or `… UTC`. */
export function moment(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000)
  const two = (n: number) => `${n}`.padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zoneOf(date)}`
}

function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const two = (n: number) => `${Math.floor(n)}`.padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
}

/** `12 ms`, `45 s`, `12 min`, `3 h`, `5 d`: the largest unit of which there are two. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** Text from somebody else, in which nothing steers the terminal. */
export const plain = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
  text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, c =>
    c === '\n' || c === '\t' ? ' ' : '\ufffd',
  )

/** With the full stop that it may lack. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)

/** Beginning and end: what a program printed when it failed mostly says at its end what it failed of. */
const SHOWN_BEGINNING = 40
const SHOWN_END = 56

export const shortened = (text: string): string =>
  text.length <= SHOWN_BEGINNING + SHOWN_END
    ? text
    : `${text.slice(0, SHOWN_BEGINNING)} … ${text.slice(-SHOWN_END)}`

/** Text of several lines: as it is for a pipe, and without what steers a terminal for one. */
export const shownText = (text: string): string =>
  process.stdout.isTTY ? text.split('\n').map(plain).join('\n') : text

/** JSON in which nothing steers the terminal or turns the order of what is read: it is escaped, and means the same. */
export const jsonText = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

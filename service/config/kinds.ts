/** The kinds of value an environment variable can hold: how each is read, and how the docs name it. */

export type Variable<T> = {
  /** As the docs table names it. */
  type: string
  default: T
  /** The default as the docs table shows it, where the bare value would not say enough. */
  defaultText?: string
  /** What it takes, in words that finish "it takes …". */
  takes: string
  meaning: string
  /** @returns `undefined` when the text is not one of the values it takes */
  parse(text: string): T | undefined
}

type Said<T> = { default: T; defaultText?: string; meaning: string }

/** A whole number, `min` and `max` included. Written in digits only: `1e3`, `0x10` and `8 KiB` are refused. */
export function integer(said: Said<number> & { min: number; max: number }): Variable<number> {
  const { min, max, ...rest } = said
  return {
    ...rest,
    type: 'integer',
    takes: `a whole number from ${min} to ${max}`,
    parse(text) {
      if (!/^-?\d{1,16}$/.test(text)) return undefined
      const value = Number(text)
      return value >= min && value <= max ? value : undefined
    },
  }
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
])

export function boolean(said: Said<boolean>): Variable<boolean> {
  return {
    ...said,
    type: 'boolean',
    takes: 'true or false (also 1/0, yes/no, on/off)',
    parse: text => BOOLEANS.get(text.toLowerCase()),
  }
}

/** Proxies in front of the bus. A plain yes means one, as it did when this was a boolean. */
export function hops(said: Said<number>): Variable<number> {
  const count = integer({ ...said, min: 0, max: 10 })
  return {
    ...count,
    type: 'integer or boolean',
    takes: 'the number of proxies in front, 0 to 10 (true means 1, false means 0)',
    parse(text) {
      const value = count.parse(text)
      if (value !== undefined) return value
      const yes = BOOLEANS.get(text.toLowerCase())
      return yes === undefined ? undefined : Number(yes)
    },
  }
}

export function choice<const T extends string>(said: Said<T> & { of: readonly T[] }): Variable<T> {
  const { of, ...rest } = said
  return {
    ...rest,
    type: 'word',
    takes: `one of ${of.join(', ')}`,
    parse: text => of.find(word => word === text.toLowerCase()),
  }
}

export function host(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'address',
    takes: 'an IP address or a host name of this machine, without a port',
    parse: text => (/^[A-Za-z0-9_.:%-]{1,255}$/.test(text) ? text : undefined),
  }
}

/** A path on this machine's disk; relative ones start where the bus was started. */
export function path(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'path',
    takes: 'the path of a file',
    // SQLite would take these two as a database in memory, which loses everything at the next stop.
    parse: text =>
      text === ':memory:' || text.startsWith('file:') || text.includes('\0') ? undefined : text,
  }
}

const SECONDS_IN = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** @returns seconds, or `undefined` when it is no length of time: `90`, `90s`, `15m`, `24h`, `7d` */
function secondsOf(text: string): number | undefined {
  const match = /^(\d{1,10})\s?([smhd]?)$/.exec(text.toLowerCase())
  if (match === null) return undefined
  return Number(match[1]) * SECONDS_IN[(match[2] || 's') as keyof typeof SECONDS_IN]
}

/** A length of time, `min` and `max` included, in seconds. A default of 0 is never, and may be asked for. */
export function duration(said: Said<number> & { min: number; max: number }): Variable<number> {
  const { min, max, ...rest } = said
  const never = said.default === 0
  return {
    ...rest,
    type: 'duration',
    takes: `seconds, or a number with s, m, h or d (\`24h\`), from ${min} s to ${max / SECONDS_IN.d} d${never ? '; 0 is never' : ''}`,
    parse(text) {
      const seconds = secondsOf(text)
      if (seconds === 0 && never) return 0
      return seconds !== undefined && seconds >= min && seconds <= max ? seconds : undefined
    },
  }
}

/** An address of HTTP, without a slash at its end. What it takes to log in there does not belong into it. */
export function address(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'URL',
    takes: 'an http:// or https:// address without a user, a query or a fragment',
    parse(text) {
      const url = URL.parse(text)
      if (url === null || !/^https?:$/.test(url.protocol)) return undefined
      if (url.username || url.password || url.search || url.hash) return undefined
      return url.href.replace(/(?<!\/)\/+$/, '')
    },
  }
}

/** A text that has to look like this. */
export function pattern(said: Said<string> & { pattern: RegExp; takes: string }): Variable<string> {
  const { pattern: expected, ...rest } = said
  return { ...rest, type: 'text', parse: text => (expected.test(text) ? text : undefined) }
}

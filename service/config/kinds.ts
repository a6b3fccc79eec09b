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

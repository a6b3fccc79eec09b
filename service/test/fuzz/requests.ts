/** Requests made from a document: paths, queries, headers and bodies, each fitting, odd or large. */
import fc from 'fast-check'
import type { Call, Parameter, Schema } from './document.ts'
import { KNOWN, objectFor, type Text, valueFor } from './values.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** What a bus takes by default: `BUS_MAX_BODY_BYTES`, `BUS_MAX_BATCH_BODY_BYTES`. */
const MOST_BYTES = MIB
const MOST_BATCH_BYTES = 16 * MIB
/** Node takes 16 KiB of URL and headers. */
const LONG_HEADER_BYTES = 6 * KIB

const CREDENTIALS = ['master', 'issued', 'signed', 'wrong', 'none'] as const

export type Plan = {
  call: Call
  credentials: (typeof CREDENTIALS)[number]
  /** With `KNOWN` in it. */
  url: string
  headers: readonly (readonly [name: string, value: string])[]
  /** With `KNOWN` in it; `null`: none. Made when it is sent, for it may be large. */
  body: (() => Buffer) | null
  chunked: boolean
  /** What is large or wrong in it, in words. */
  kind: string
}

const OFTEN_ASKED = /^\/(intent|claim|fulfill|fail|extend_claim|progress|set)/
/** Each of them copies the database. */
const SELDOM_ASKED = /^\/admin\/backups$/

export function anyPlan(calls: readonly Call[]): fc.Arbitrary<Plan> {
  return fc.oneof(
    ...calls.map(call => ({
      weight: OFTEN_ASKED.test(call.path) ? 40 : SELDOM_ASKED.test(call.path) ? 1 : 8,
      arbitrary: planFor(call),
    })),
  )
}

function planFor(call: Call): fc.Arbitrary<Plan> {
  const inPlace = (place: Parameter['in']) => call.parameters.filter(each => each.in === place)
  return fc
    .record({
      credentials: fc.oneof(
        { weight: 8, arbitrary: fc.constant('master' as const) },
        { weight: 4, arbitrary: fc.constantFrom(...CREDENTIALS) },
      ),
      path: pathFor(call.path, inPlace('path')),
      query: queryFor(inPlace('query')),
      headers: headersFor(inPlace('header')),
      body: bodyFor(call.body),
      chunked: fc.integer({ min: 0, max: 9 }).map(chance => chance === 0),
    })
    .map(({ path, query, headers, body, ...rest }) => ({
      ...rest,
      call,
      url: path.text + query.text,
      headers: headers.flatMap(each => each.pairs),
      body: body === null ? null : body.make,
      kind: [path.kind, query.kind, ...headers.map(each => each.kind), body?.kind].filter(Boolean).join('; '),
    }))
}

type Part = { text: string; kind: string }

/** What stands in a URL for a value: its own text when it is a text, else its JSON. */
function wordFor(name: string, schema: Schema, room: number): fc.Arbitrary<Part> {
  // A long poll holds up whoever sends one request after the other.
  const value = name === 'wait' ? fc.constantFrom('0', '0.05', '0.2', '-1', 'x').map(short) : null
  return (value ?? valueFor(name, schema)).map(text => {
    const json = text.make(Math.floor(room / Math.max(1, text.large)))
    return { text: json.startsWith('"') ? (JSON.parse(json) as string) : json, kind: text.kind }
  })
}

const short = (word: string): Text => ({ large: 0, make: () => JSON.stringify(word), kind: '' })

/** As a client writes it, and now and then as none should. */
function encoded(word: string): string {
  return encodeURIComponent(word.toWellFormed()).replaceAll('%40', '@').slice(0, LONG_HEADER_BYTES)
}

function pathFor(path: string, parameters: readonly Parameter[]): fc.Arbitrary<Part> {
  const words = parameters.map(({ name, schema }) => wordFor(name, schema, KIB))
  return fc.tuple(...words).map(parts => ({
    text: parameters.reduce(
      (text, { name }, i) => text.replace(`{${name}}`, () => encoded(parts[i]!.text)),
      path,
    ),
    kind: parts
      .map(({ kind }, i) => (kind === '' ? '' : `${parameters[i]!.name} in the path: ${kind}`))
      .filter(Boolean)
      .join('; '),
  }))
}

function queryFor(parameters: readonly Parameter[]): fc.Arbitrary<Part> {
  const pairs = parameters.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), wordFor(name, schema, LONG_HEADER_BYTES / 3), fc.integer({ min: 0, max: 2 })),
  )
  const odd = fc.oneof(
    { weight: 20, arbitrary: fc.constant({ text: '', kind: '' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...['&', '&=', '&%', '&%zz=%c3', '&x=%00', '&a;b', '&+=+', '&x=1&x=2'].map(text => ({
          text,
          kind: 'an odd query',
        })),
        { text: '&a=1'.repeat(1000), kind: 'a query of many pairs' },
        { text: '&a'.repeat(64), kind: 'a query of 64 pairs' },
        { text: `&x=${'%25'.repeat(1500)}`, kind: 'a query of escapes' },
      ),
    },
  )
  return fc.tuple(fc.tuple(...pairs), odd).map(([known, more]) => {
    const present = known.filter(([, , chance]) => chance === 0)
    const text = present.map(([name, { text: word }]) => `${name}=${encoded(word)}`).join('&') + more.text
    const kinds = present.map(([name, { kind }]) => (kind === '' ? '' : `${name} in the query: ${kind}`))
    return { text: text === '' ? '' : `?${text}`, kind: [...kinds, more.kind].filter(Boolean).join('; ') }
  })
}

type Header = { pairs: [string, string][]; kind: string }

/** What Node's own client lets through. */
const printable = (word: string): string =>
  word.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, LONG_HEADER_BYTES)

function headersFor(parameters: readonly Parameter[]): fc.Arbitrary<Header[]> {
  // The harness gives each request an id of its own.
  const known = parameters
    .filter(({ name }) => name !== 'X-Request-ID')
    .map(({ name, schema }) => ({ name, schema }))
  const others = [
    {
      name: 'Content-Type',
      values: ['application/json', 'text/plain; charset=utf-16', 'multipart/form-data', '', ';'],
    },
    { name: 'Content-Encoding', values: ['gzip', 'identity', 'br, gzip', ''] },
    { name: 'Accept', values: ['text/html', '*/*;q=0', 'application/xml'] },
    { name: 'Accept-Encoding', values: ['gzip', 'identity;q=0', 'br;q=1.0, *;q=0'] },
    { name: 'X-Forwarded-For', values: ['127.0.0.1', 'x', '1.2.3.4, '.repeat(300)] },
    { name: 'X-Forwarded-Proto', values: ['https', 'https,http', 'x'] },
    { name: 'Origin', values: ['null', 'https://example.com', 'x'] },
    { name: 'Cookie', values: ['a=b', '; '.repeat(1000), '='] },
    { name: 'Authorization', values: ['Bearer x', 'Basic YWRtaW46', 'Basic ====', 'Digest'] },
    { name: 'Expect', values: ['something'] },
    { name: 'X-Signature', values: ['0'.repeat(64), 'x'] },
    { name: 'X-Unknown', values: ['x'.repeat(LONG_HEADER_BYTES), '"'.repeat(1000)] },
  ]
  const fitting = known.map(({ name, schema }) =>
    wordFor(name, schema, LONG_HEADER_BYTES / 3).map(
      ({ text, kind }): Header => ({
        pairs: [[name, printable(text)]],
        kind: kind === '' ? '' : `${name}: ${kind}`,
      }),
    ),
  )
  const odd = others.map(({ name, values }) =>
    fc.constantFrom(...values).map((value): Header => ({ pairs: [[name, value]], kind: '' })),
  )
  const many: fc.Arbitrary<Header> = fc.constant({
    pairs: Array.from({ length: 400 }, (_, i) => [`X-${i}`, 'x'] as [string, string]),
    kind: 'many headers',
  })
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<Header[]>([]) },
    { weight: 3, arbitrary: fc.array(fc.oneof(...fitting, ...odd), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(...odd, ...odd, many), { minLength: 1, maxLength: 1 }) },
  )
}

const SPOILS = [
  'nothing',
  'its end is cut off',
  'a letter in its middle',
  'no UTF-8',
  'more behind it',
] as const

function bodyFor(schema: Schema | null): fc.Arbitrary<{ make: () => Buffer; kind: string } | null> {
  if (schema === null) {
    const some = fc.constantFrom('{}', '[', '{"goal":"x"}', ' '.repeat(1000))
    return fc.option(
      some.map(text => ({ make: () => Buffer.from(text), kind: '' })),
      { freq: 5 },
    )
  }
  const isBatch = Object.values(schema.properties ?? {}).some(({ items }) => items !== undefined)
  return fc
    .record({
      text: fc.oneof(
        { weight: 20, arbitrary: objectFor(schema) },
        { weight: 1, arbitrary: valueFor('', {}) },
      ),
      bytes: sizeUpTo(isBatch ? MOST_BATCH_BYTES : MOST_BYTES),
      spoil: fc.oneof(
        { weight: 12, arbitrary: fc.constant(SPOILS[0]) },
        { weight: 1, arbitrary: fc.constantFrom(...SPOILS) },
      ),
      spoiltAt: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ text, bytes, spoil, spoiltAt }) => ({
      make: () =>
        spoilt(Buffer.from(text.make(Math.floor(bytes / Math.max(1, text.large)))), spoil, spoiltAt),
      kind: [text.kind, spoil === 'nothing' ? '' : spoil].filter(Boolean).join(', '),
    }))
}

/** Most are small, and as many have between 10 and 100 KiB as between 100 KiB and 1 MiB. */
const sizeUpTo = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 16, max: 4 * KIB }) },
    {
      weight: 2,
      arbitrary: fc
        .double({ min: 12, max: Math.log2(most), noNaN: true })
        .map(power => Math.floor(2 ** power)),
    },
    { weight: 1, arbitrary: fc.constant(most - KIB) },
  )

function spoilt(bytes: Buffer, how: (typeof SPOILS)[number], where: number): Buffer {
  const at = Math.floor(bytes.length * where)
  if (how === 'its end is cut off') return bytes.subarray(0, at)
  if (how === 'more behind it') return Buffer.concat([bytes, Buffer.from('}')])
  if (how !== 'nothing' && at < bytes.length) bytes[at] = how === 'no UTF-8' ? 0xff : 0x78
  return bytes
}

/** A name for what a call stands in for, so that ids of the bus can take the place of it. */
export const withKnown = (text: string, id: string, token: string): string =>
  text.replaceAll(KNOWN.id, id).replaceAll(KNOWN.token, token)

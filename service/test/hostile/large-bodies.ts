/** Bodies that cost their reader far more than their bytes, if they are built before they are measured. */

const MIB = 1024 * 1024

export type LargeBody = { what: string; path: string; body: Buffer; headers?: Record<string, string> }

/** As often as it fits. */
const filled = (start: string, unit: string, end: string, bytes: number): Buffer => {
  const times = Math.floor((bytes - start.length - end.length) / unit.length)
  return Buffer.from(start + unit.repeat(times) + end)
}

const numbered = (start: string, unit: (i: number) => string, end: string, bytes: number): Buffer => {
  const parts = [start]
  for (let i = 0, left = bytes - start.length - end.length; ; i++) {
    const part = unit(i)
    left -= part.length
    if (left < 0) break
    parts.push(part)
  }
  return Buffer.from(parts.join('') + end)
}

/** An object with as many names, each of so many bytes and with an end of its own. */
const filledNames = (many: number, bytes: number, end: (i: number) => string, unit: string): Buffer => {
  const rest = unit.repeat(Math.floor((bytes - 20) / unit.length))
  return Buffer.from(
    `{"intents":[]${Array.from({ length: many }, (_, i) => `,"${rest}${end(i)}":1`).join('')}}`,
  )
}

const deep = (levels: number, leaf: string): string =>
  '{"a":['.repeat(levels / 2) + leaf + ']}'.repeat(levels / 2)

/** For `/intents` and the batches of settles. @param bytes each has, about */
export function largeBatches(bytes = 15 * MIB): LargeBody[] {
  const publish = (what: string, body: Buffer): LargeBody => ({ what, path: '/intents', body })
  const item = (payload: string, more = '') => `{"goal":"large","payload":${payload}${more}}`
  const key = ',"idempotency_key":"k"'
  const many = (each: (i: number) => string): Buffer =>
    Buffer.from(`{"intents":[${Array.from({ length: 1000 }, (_, i) => each(i)).join(',')}]}`)
  return [
    publish('brackets', filled('', '[', '', bytes)),
    publish('brackets in a field', filled('{"intents":[],"x":', '[', '', bytes)),
    publish('objects in objects', filled('', '{"a":', '', bytes)),
    publish('empty objects in a field', filled('{"intents":[],"x":[{}', ',{}', ']}', bytes)),
    publish('empty objects for items', filled('{"intents":[{}', ',{}', ']}', bytes)),
    publish('numbers for items', filled('{"intents":[1', ',1', ']}', bytes)),
    publish(
      'members',
      numbered('{"intents":[]', i => `,"a${i}":1`, '}', bytes),
    ),
    publish('members of one name', filled('{"intents":[]', ',"a":1', '}', bytes)),
    publish(
      'members of a field',
      numbered('{"intents":[],"x":{"":1', i => `,"a${i}":1`, '}}', bytes),
    ),
    publish(
      'members of an item with a key',
      numbered(`{"intents":[${item('1', key).slice(0, -1)},"x":{"":1`, i => `,"a${i}":1`, '}}]}', MIB),
    ),
    publish(
      'names that differ in their last letter',
      filledNames(15, bytes / 15, i => String.fromCharCode(98 + i), 'a'),
    ),
    publish(
      'many long names that differ in their last letters',
      filledNames(900, bytes / 900, i => `${i}`.padStart(4, '0'), 'a'),
    ),
    publish(
      'a name of escapes',
      filledNames(1, bytes, () => '', '\\u0061'),
    ),
    publish('a text of escapes', filled('{"intents":[],"x":"', '\\u0041', '"}', bytes)),
    publish(
      'an item with a text of escapes',
      filled(`{"intents":[${item('1', key).slice(0, -1)},"x":"`, '\\ud83d', '"}]}', bytes),
    ),
    publish('digits', filled('{"intents":[],"x":', '9', '}', bytes)),
    publish('an exponent', filled('{"intents":[],"x":1e', '9', '}', bytes)),
    publish('blanks', filled('{"intents":[]', ' ', '}', bytes)),
    publish(
      'blanks among the tokens of an item',
      filled(`{"intents":[${item(`[${' '.repeat(MIB / 2)}1]`, key).slice(0, -1)}`, ' ', '}]}', bytes),
    ),
    publish(
      'a field that is 990 levels deep',
      filled('{"intents":[],"x":[0', `,${deep(990, '1')}`, ']}', bytes),
    ),
    publish(
      'an item with a field that is 31 levels deep, and a key',
      filled(`{"intents":[${item('1', key).slice(0, -1)},"x":[0`, `,${deep(30, '1')}`, ']}]}', MIB),
    ),
    publish(
      'as many items as are taken, each near the limit',
      many(() => item(JSON.stringify('x'.repeat(8000)), `,"x":"${'y'.repeat(bytes / 1000 - 8100)}"`)),
    ),
    publish(
      'as many items as are taken, each with a key and many values',
      many(i => item(`[${'1,'.repeat(4090)}1]`, `,"idempotency_key":"k${i}"`)),
    ),
    publish(
      'as many items as are taken, each with a key and many members',
      many(i =>
        item(
          `{${Array.from({ length: 1100 }, (_, j) => `"${1100 - j}":1`).join(',')}}`,
          `,"idempotency_key":"m${i}"`,
        ),
      ),
    ),
    publish('a letter that is no JSON at its end', filled('{"intents":[],"x":[0', ',[0,{}]', 'x]}', bytes)),
    publish(
      'no text',
      Buffer.concat([filled('{"intents":[],"x":"', 'é', '', bytes), Buffer.from([0xff]), Buffer.from('"}')]),
    ),
    ...['/fulfill', '/fail', '/extend_claim'].map(path => ({
      what: `as many reports of a lost lease as are taken to ${path}`,
      path,
      body: Buffer.from(
        `{"items":[${Array.from({ length: 1000 }, (_, i) => `{"id":"${`${i}`.padStart(32, '0')}","claim_token":"t","result":[${'1,'.repeat(7000)}1],"error":"${'e'.repeat(1000)}"}`).join(',')}]}`,
      ),
    })),
  ]
}

/** For the calls that take one thing. */
export function largeSingles(bytes = MIB): LargeBody[] {
  const idempotency = { 'idempotency-key': 'large' }
  const publish = (what: string, body: Buffer): LargeBody => ({
    what,
    path: '/intent',
    body,
    headers: idempotency,
  })
  const start = '{"goal":"large","payload":1'
  return [
    publish('brackets for a payload', filled('{"goal":"large","payload":', '[', '', bytes)),
    publish('an unknown field of numbers', filled(`${start},"x":[1`, ',1', ']}', bytes)),
    publish(
      'an unknown field of members',
      numbered(`${start},"x":{"":1`, i => `,"a${i}":1`, '}}', bytes),
    ),
    publish(
      'members',
      numbered(start, i => `,"a${i}":1`, '}', bytes),
    ),
    publish('an unknown field 31 levels deep', filled(`${start},"x":[0`, `,${deep(30, '1')}`, ']}', bytes)),
    publish(
      'an unknown field 31 levels deep, with blanks',
      filled(`${start},"x":[0`, `,${deep(30, '1 ')}`, ']}', bytes),
    ),
    publish('an unknown field 990 levels deep', filled(`${start},"x":[0`, `,${deep(990, '1')}`, ']}', bytes)),
    publish('an unknown text of escapes', filled(`${start},"x":"`, '\\u00e9', '"}', bytes)),
    publish('a payload of blanks', filled('{"goal":"large","payload":[', ' ', ']}', bytes)),
    publish('a goal of letters', filled('{"payload":1,"goal":"', 'a', '"}', bytes)),
    publish('a goal of blanks', filled('{"payload":1,"goal":"', ' ', '"}', bytes)),
    publish('a priority of digits', filled(`${start},"priority":"`, '1', 'x"}', bytes)),
    publish('a priority that is a number of many digits', filled(`${start},"priority":`, '1', '}', bytes)),
    { what: 'a value of escapes', path: '/set/large', body: filled('{"value":"', '\\u00e9', '"}', bytes) },
    { what: 'a value of numbers', path: '/set/large', body: filled('{"value":[1', ',1', ']}', bytes) },
    {
      what: 'a result of escapes',
      path: `/fulfill/${'0'.repeat(32)}`,
      body: filled('{"claim_token":"t","result":"', '\\u00e9', '"}', bytes),
    },
    {
      what: 'an error of numbers',
      path: `/fail/${'0'.repeat(32)}`,
      body: filled('{"claim_token":"t","error":[1', ',1', ']}', bytes),
    },
    { what: 'a claim with a body', path: '/claim', body: filled('{"x":[1', ',1', ']}', bytes) },
  ]
}

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

// Time is moved by days here; a prune in each minute of them would prove nothing and take long.
const bus = await busForFile({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const set = (key: string, fields: object | string) => master.post(`/set/${key}`, fields)
const get = (key: string) => master.get(`/get/${key}`)

test('what is set can be got: 200 {ok} and 200 {value}', async () => {
  const answer = await set('lamp', { value: 'on' })
  expect([answer.status, answer.json]).toEqual([200, { ok: true }])
  const got = await get('lamp')
  expect([got.status, got.json]).toEqual([200, { value: 'on' }])
})

test('a key that was never set is 404', async () => {
  expect(refusal(await get('lamp'))).toMatchObject({ status: 404, code: 'not_found' })
})

test('a value set anew takes the place of the old one, and so does its time', async () => {
  await set('lamp', { value: 'on', ttl: 10 })
  await bus.clock.advance(9_000)
  await set('lamp', { value: 'off', ttl: 5 })
  await bus.clock.advance(4_999)
  expect((await get('lamp')).json).toEqual({ value: 'off' })
  await bus.clock.advance(1)
  expect((await get('lamp')).status).toBe(404)
})

test('each API key has its own values', async () => {
  const [one, other] = [await bus.issue(), await bus.issue()]
  await one.post('/set/lamp', { value: 'one' })
  expect((await other.get('/get/lamp')).status).toBe(404)
  expect((await get('lamp')).status).toBe(404)
  await other.post('/set/lamp', { value: 'other' })
  expect((await one.get('/get/lamp')).json).toEqual({ value: 'one' })
})

test('values survive a restart, and their time goes on', async () => {
  const restarted = await busForTest()
  await restarted.master.post('/set/lamp', { value: 'on', ttl: 60 })
  await restarted.restart()
  expect((await restarted.master.get('/get/lamp')).json).toEqual({ value: 'on' })
  await restarted.clock.advance(60_000)
  expect((await restarted.master.get('/get/lamp')).status).toBe(404)
})

describe('a string is kept as it is, anything else as its JSON text', () => {
  test.each([
    ['"text"', 'text'],
    ['""', ''],
    ['"5"', '5'],
    ['" two  spaces "', ' two  spaces '],
    ['"caf\\u00e9 \\ud83d\\udc1b\\n"', 'café 🐛\n'],
    ['5', '5'],
    ['1.0', '1.0'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', 'null'],
    ['[ 1, "a b" ]', '[1,"a b"]'],
    ['{ "b" : 1 , "a" : { } }', '{"b":1,"a":{}}'],
  ])('%s is "%s"', async (sent, kept) => {
    expect((await set('lamp', `{"value":${sent}}`)).status).toBe(200)
    expect((await get('lamp')).json).toEqual({ value: kept })
  })

  test.each([
    ['{}', /^Missing value: it takes a text/],
    ['{"ttl":5}', /^Missing value: it takes a text/],
  ])('%s has no value: 400', async (body, says) => {
    await set('lamp', { value: 'on' })
    const { status, code, message } = refusal(await set('lamp', body))
    expect([status, code]).toEqual([400, 'invalid_request'])
    expect(message).toMatch(says)
    expect((await get('lamp')).json).toEqual({ value: 'on' })
  })

  test.each(['\\ud800', '\\udc00', 'a\\u0000b'])('"%s" is no text: 400', async value => {
    const answer = await set('lamp', `{"value":"${value}"}`)
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
    expect((await get('lamp')).status).toBe(404)
  })

  test.each([
    ['a', 1],
    ['é', 2],
    ['🐛', 4],
  ])('of %s, at %d bytes each, there is room for 64 KiB; one byte more is 413', async (character, bytes) => {
    const full = character.repeat(65_536 / bytes)
    expect((await set('lamp', { value: full })).status).toBe(200)
    expect((await get('lamp')).json).toEqual({ value: full })
    const tooMuch = { status: 413, code: 'payload_too_large' }
    expect(refusal(await set('lamp', { value: `${full}a` }))).toMatchObject(tooMuch)
    expect((await get('lamp')).json).toEqual({ value: full })
  })

  test('a JSON value counts compact, and may be as deep as it likes', async () => {
    const [open, close] = ['['.repeat(32_768), ']'.repeat(32_768)]
    expect((await set('lamp', `{"value":${open}   ${close}}`)).status).toBe(200)
    expect((await get('lamp')).json).toEqual({ value: open + close })
    const answer = await set('lamp', `{"value":${open}1${close}}`)
    expect(refusal(answer)).toMatchObject({ status: 413, code: 'payload_too_large' })
  })
})

describe('a value goes exactly when its time is over', () => {
  test.each([
    ['', 600],
    [',"ttl":null', 600],
    [',"ttl":"abc"', 600],
    [',"ttl":1e999', 600],
    [',"ttl":[]', 600],
    [',"ttl":7', 7],
    [',"ttl":"7"', 7],
    [',"ttl":3.9', 3],
    [',"ttl":1', 1],
    [',"ttl":0', 1],
    [',"ttl":0.25', 1],
    [',"ttl":-5', 1],
    [',"ttl":86400', 86_400],
    [',"ttl":86401', 86_400],
    [',"ttl":1e300', 86_400],
  ])('{"value":"on"%s} lasts %d s', async (ttl, seconds) => {
    expect((await set('lamp', `{"value":"on"${ttl}}`)).status).toBe(200)
    await bus.clock.advance(seconds * 1000 - 1)
    expect((await get('lamp')).json).toEqual({ value: 'on' })
    await bus.clock.advance(1)
    expect(refusal(await get('lamp'))).toMatchObject({ status: 404, code: 'not_found' })
  })

  test('even if no prune has come by', async () => {
    await set('lamp', { value: 'on', ttl: 5 })
    bus.clock.skip(5_000)
    expect((await get('lamp')).status).toBe(404)
  })
})

describe('a key is 1 to 256 characters of any kind', () => {
  const KEYS = [
    'a',
    'a b',
    'a+b',
    ' ',
    'a/b',
    '/',
    'a.b..',
    'a?b=c&d#e',
    '100%',
    '%2F',
    ':key',
    '*',
    'naïve 🐛',
    '__proto__',
    'k'.repeat(256),
    '🐛'.repeat(256),
    '\n',
  ]

  test.each(KEYS)('%j, percent-encoded', async key => {
    const path = encodeURIComponent(key)
    await set('other', { value: 'other' })
    expect((await set(path, { value: key })).status).toBe(200)
    expect((await get(path)).json).toEqual({ value: key })
    expect((await get('other')).json).toEqual({ value: 'other' })
  })

  test('however it is encoded, it is the same key', async () => {
    await set('a%20b-%C3%A9', { value: 1 })
    expect((await get('%61%20b%2d%c3%a9')).json).toEqual({ value: '1' })
    expect((await get('a+b-%C3%A9')).status).toBe(404)
  })

  test('upper and lower case, and two ways to write an accent, are different keys', async () => {
    for (const [i, key] of ['e\u0301', '\u00e9', 'E\u0301'].entries())
      await set(encodeURIComponent(key), { value: i })
    expect((await get(encodeURIComponent('e\u0301'))).json).toEqual({ value: '0' })
    expect((await get(encodeURIComponent('\u00e9'))).json).toEqual({ value: '1' })
  })

  test.each([
    ['none', ''],
    ['257 characters', 'k'.repeat(257)],
    ['257 characters of four bytes', encodeURIComponent('🐛'.repeat(257))],
    ['a NUL', 'a%00b'],
    ['a broken escape', 'a%zz'],
    ['bytes that are not UTF-8', '%ff%fe'],
    ['a lone surrogate as UTF-8', '%ED%A0%80'],
    ['ten thousand characters', 'k'.repeat(10_000)],
  ])('%s: 400, to set and to get', async (_what, path) => {
    for (const answer of [await set(path, { value: 1 }), await get(path)]) {
      expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
    }
  })

  test.each(['/', 'a/b'])('a slash as it is leads elsewhere, %s: 404', async path => {
    for (const answer of [await set(path, { value: 1 }), await get(path)]) {
      expect(refusal(answer)).toMatchObject({ status: 404, code: 'not_found' })
    }
  })
})

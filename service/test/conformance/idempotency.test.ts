import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Answer, refusal } from '../support/client.ts'

// Time is moved by days here; a prune in each minute of them would prove nothing and take long.
const bus = await busForFile({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
const { master } = bus
const HOUR_MS = 3_600_000

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const BODY = { goal: 'work', payload: { b: [1, { d: 1, c: 2 }], a: 'é' }, priority: 5 }
const CONFLICT = { status: 422, code: 'idempotency_conflict', message: 'Key reused with different payload' }

const publish = (body: object | string = BODY, key = 'key-1', client = master): Promise<Answer> =>
  client.post('/intent', body, { 'idempotency-key': key })

async function countClaims(client = master): Promise<number> {
  let count = 0
  while ((await client.claim()) !== null) count += 1
  return count
}

test('the same key with the same body gets the first answer again, and makes one intent', async () => {
  const first = await publish()
  expect(first.status).toBe(201)
  for (let i = 0; i < 3; i += 1) {
    const again = await publish()
    expect([again.status, again.text]).toEqual([201, first.text])
  }
  expect(await countClaims()).toBe(1)
})

test('without a key, or with an empty one, each publish is an intent of its own', async () => {
  await master.publish(BODY)
  for (const none of ['', '  ']) await master.publish(BODY, { 'idempotency-key': none })
  expect(await countClaims()).toBe(3)
})

test('other keys are other intents', async () => {
  const ids = new Set<string>()
  for (const key of ['key-1', 'key-2', 'KEY-1', 'k', '!~{}"\\', 'k'.repeat(255)]) {
    ids.add((await publish(BODY, key)).json.id)
  }
  expect(ids.size).toBe(6)
})

describe('two bodies are the same if they are the same JSON', () => {
  const FIRST = '{"goal":"work","payload":{"b":[1,{"d":1,"c":2}],"a":"é"},"priority":5}'

  test.each([
    ['keys in another order', '{"priority":5,"payload":{"a":"é","b":[1,{"c":2,"d":1}]},"goal":"work"}'],
    ['white space', '{ "goal" : "work",\n"payload" : {"b":[ 1, {"d":1,"c":2} ],"a":"é"}, "priority":5 }\n'],
    [
      'characters escaped',
      '{"go\\u0061l":"w\\u006frk","payload":{"\\u0062":[1,{"d":1,"c":2}],"a":"\\u00e9"},"priority":5}',
    ],
  ])('%s: the first answer', async (_what, body) => {
    const first = await publish(FIRST)
    const again = await publish(body)
    expect([again.status, again.text]).toEqual([201, first.text])
  })

  test.each([
    ['another goal', FIRST.replace('work', 'play')],
    ['another payload', FIRST.replace('"c":2', '"c":3')],
    ['a list in another order', FIRST.replace('[1,{"d":1,"c":2}]', '[{"d":1,"c":2},1]')],
    ['another priority', FIRST.replace('5', '6')],
    ['a field less', FIRST.replace(',"priority":5', '')],
    ['a field more', FIRST.replace('{', '{"namespace":"default",')],
    ['a number as a string', FIRST.replace('5', '"5"')],
    ['a float for an integer', FIRST.replace('[1', '[1.0')],
    ['white space in a string', FIRST.replace('é', 'é ')],
  ])('%s: 422', async (_what, body) => {
    const id = (await publish(FIRST)).json.id
    expect(refusal(await publish(body))).toEqual(CONFLICT)
    expect((await publish(FIRST)).json.id).toBe(id)
    expect(await countClaims()).toBe(1)
  })

  test('integers that only differ beyond 2^53 differ', async () => {
    await publish('{"goal":"work","payload":9007199254740992}')
    expect(refusal(await publish('{"goal":"work","payload":9007199254740993}'))).toEqual(CONFLICT)
  })
})

test('publishes with one key at the same time are one intent', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => publish()))
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  expect(answers[0]!.status).toBe(201)
  expect(await countClaims()).toBe(1)
})

test('different bodies with one key at the same time: one wins, the others are 422', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => publish({ ...BODY, payload: i })))
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(422)])
  expect(await countClaims()).toBe(1)
})

test('a key belongs to the API key that sent it', async () => {
  const [one, other] = [await bus.issue(), await bus.issue()]
  const ids = [await publish(), await publish(BODY, 'key-1', one), await publish(BODY, 'key-1', other)]
  expect(new Set(ids.map(({ json }) => json.id)).size).toBe(3)
  expect((await publish({ ...BODY, goal: 'play' }, 'key-1', other)).status).toBe(422)
})

test('the first answer comes back after the intent was claimed, fulfilled, cancelled and retried', async () => {
  const first = await publish()
  const { id } = first.json
  const answersAsBefore = async () => expect((await publish()).text).toBe(first.text)
  const claim = (await master.claim())!
  await answersAsBefore()
  await master.fulfil(claim)
  await answersAsBefore()
  await bus.admin.post(`/admin/intents/${id}/cancel`)
  await answersAsBefore()
  await bus.admin.post(`/admin/intents/${id}/retry`)
  await answersAsBefore()
  expect(await countClaims()).toBe(1)
})

test('a key is kept across restarts', async () => {
  const restarted = await busForTest()
  const first = await publish(BODY, 'key-1', restarted.master)
  await restarted.restart()
  expect((await publish(BODY, 'key-1', restarted.master)).text).toBe(first.text)
  await restarted.restart()
  expect(refusal(await publish({ ...BODY, goal: 'play' }, 'key-1', restarted.master))).toEqual(CONFLICT)
})

test('a key is kept for 24 h to the millisecond, whatever is used meanwhile, and is free then', async () => {
  const first = await publish()
  await bus.clock.advance(HOUR_MS)
  expect((await publish()).text).toBe(first.text)
  await bus.clock.advance(23 * HOUR_MS - 1)
  expect((await publish()).text).toBe(first.text)
  await bus.clock.advance(1)
  const second = await publish({ ...BODY, goal: 'play' })
  expect(second.status).toBe(201)
  expect(second.json.id).not.toBe(first.json.id)
  expect((await publish({ ...BODY, goal: 'play' })).text).toBe(second.text)
})

test('a key whose day is over is free even before the prune has come by', async () => {
  const first = await publish()
  bus.clock.skip(24 * HOUR_MS)
  expect((await publish()).json.id).not.toBe(first.json.id)
})

test('a publish that was refused does not use its key up', async () => {
  expect((await publish({ ...BODY, goal: '' })).status).toBe(400)
  expect((await publish()).status).toBe(201)
})

test('a replayed publish is answered while the key has all the open intents it may have', async () => {
  const capped = await busForTest({ BUS_MAX_OPEN_INTENTS: '1' })
  const client = await capped.issue()
  const first = await publish(BODY, 'key-1', client)
  expect(refusal(await publish(BODY, 'key-2', client)).code).toBe('limit_exceeded')
  const again = await publish(BODY, 'key-1', client)
  expect([again.status, again.text]).toEqual([201, first.text])

  await client.fulfil((await client.claim())!)
  expect((await publish(BODY, 'key-2', client)).status).toBe(201)
})

test.each([
  ['a space inside', 'a b'],
  ['a tab inside', 'a\tb'],
  ['a character beyond ASCII', 'caf\u00e9'],
  ['256 characters', 'k'.repeat(256)],
])('a malformed key is 400: %s', async (_what, key) => {
  expect(refusal(await publish(BODY, key))).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(await countClaims()).toBe(0)
})

test('a key sent twice in one request is 400', async () => {
  const headers = new Headers({ 'x-api-key': master.key })
  for (const key of ['key-1', 'key-2']) headers.append('idempotency-key', key)
  const { status } = await fetch(`${bus.url}/intent`, { method: 'POST', headers, body: JSON.stringify(BODY) })
  expect(status).toBe(400)
})

test('on /set a key means nothing: the value is not frozen', async () => {
  for (const value of ['one', 'two', 'one']) {
    const { status } = await master.post('/set/lamp', { value }, { 'idempotency-key': 'key-1' })
    expect(status).toBe(200)
    expect((await master.get('/get/lamp')).json).toEqual({ value })
  }
  expect((await publish()).status).toBe(201)
})

test('a full purge forgets the keys', async () => {
  const first = await publish()
  await bus.admin.post('/admin/purge', { confirm: true })
  const second = await publish({ ...BODY, goal: 'play' })
  expect(second.status).toBe(201)
  expect(second.json.id).not.toBe(first.json.id)
})

test('revoking an API key forgets its idempotency keys, and only its', async () => {
  const [gone, staying] = [await bus.issue(), await bus.issue()]
  await publish(BODY, 'key-1', gone)
  await publish(BODY, 'key-2', gone)
  const kept = await publish(BODY, 'key-1', staying)
  await bus.admin.post('/admin/revoke_key', { api_key: gone.key })
  expect((await publish(BODY, 'key-1', staying)).text).toBe(kept.text)

  bus.clock.skip(24 * HOUR_MS)
  const { json } = await bus.admin.post('/admin/cleanup')
  expect(json.idempotency_deleted).toBe(1)
})

test('a purge of a namespace forgets the keys of its intents, and no others', async () => {
  const body = { ...BODY, namespace: 'phone' }
  const first = await publish(body)
  const elsewhere = await master.post('/intent', BODY, { 'idempotency-key': 'another' })
  await bus.admin.post('/admin/purge', { confirm: true, namespace: 'phone' })
  const second = await publish(body)
  expect(second.json.id).not.toBe(first.json.id)
  expect(await master.status(second.json.id)).toMatchObject({ status: 'open' })
  const again = await master.post('/intent', BODY, { 'idempotency-key': 'another' })
  expect(again.json.id).toBe(elsewhere.json.id)
})

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const item = (fields: object = {}) => ({ goal: 'work', payload: {}, ...fields })
const publish = (...intents: unknown[]) => master.post('/intents', { intents })
const open = async () => (await bus.metric('intent_bus_depth{state="open"}')) ?? 0

test('an empty idempotency_key is a mistake, not none', async () => {
  const refused = refusal(
    await master.post('/intents', { intents: [{ goal: 'work', payload: 1, idempotency_key: '' }] }),
  )
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(refused.message).toMatch(/^intents\[0\]: idempotency_key takes/)
})

test('answers 201 with what each single publish would answer, in order', async () => {
  const answer = await publish(item({ goal: 'a' }), item({ goal: 'b', namespace: 'home' }))
  expect(answer.status).toBe(201)
  expect(answer.json).toEqual({
    intents: [
      { id: expect.stringMatching(/^[0-9a-f]{32}$/), status: 'published', namespace: 'default' },
      { id: expect.stringMatching(/^[0-9a-f]{32}$/), status: 'published', namespace: 'home' },
    ],
  })
  expect(await master.claim('?namespace=home')).toMatchObject({ id: answer.json.intents[1].id, goal: 'b' })
})

test('each item is published on its own terms', async () => {
  const own = [{ priority: 7 }, { delay: 60 }, { max_attempts: 1 }, { backoff_base: 9 }]
  const terms = own.flatMap(each => [{}, each, {}])
  const intents = terms.map((each, i) => item({ payload: i, ...each }))
  const { json } = await publish(...intents)
  const kept = []
  for (const { id } of json.intents) kept.push((await bus.admin.get(`/admin/intents/${id}`)).json)
  expect(kept.map(intent => intent.payload)).toEqual(terms.map((_, i) => i))
  expect(kept.map(intent => intent.priority)).toEqual([100, 7, ...Array(10).fill(100)])
  expect(kept.map(intent => intent.run_at - intent.created_at)).toEqual([0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0])
  expect(kept.map(intent => intent.max_attempts)).toEqual([3, 3, 3, 3, 3, 3, 3, 1, 3, 3, 3, 3])
  expect(kept.map(intent => intent.backoff_base)).toEqual([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 9, 5])
})

test('a thousand are taken, and none is nothing', async () => {
  const answer = await publish(...Array.from({ length: 1000 }, (_, i) => item({ payload: i })))
  expect(new Set(answer.json.intents.map((each: { id: string }) => each.id)).size).toBe(1000)
  expect(await open()).toBe(1000)
  expect((await publish()).json).toEqual({ intents: [] })
})

test('an item that would be too large as a body of its own is 413 and named, unknown fields included', async () => {
  const refused = refusal(await publish(item(), item({ note: 'x'.repeat(1024 * 1024) })))
  expect(refused).toMatchObject({ status: 413, code: 'payload_too_large' })
  expect(refused.message).toMatch(/^intents\[1\] has 10\d{5} bytes; 1048576 are taken/)
})

test('items are read alike, however many fields all of them have', async () => {
  const others = (many: number) =>
    Object.fromEntries(Array.from({ length: many }, (_, i) => [`other${i}`, i]))
  const intents: unknown[] = Array.from({ length: 500 }, (_, i) => item({ ...others(60), priority: i }))
  const { json } = await publish(...intents)
  const { priority } = (await bus.admin.get(`/admin/intents/${json.intents[499].id}`)).json
  expect(priority).toBe(499)
  for (const at of [1, 500]) {
    const refused = refusal(await publish(...intents.toSpliced(at, 0, item(others(1000)))))
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(refused.message).toBe(`intents[${at}] has more than 1000 fields.`)
    const twice = JSON.stringify({ intents: intents.toSpliced(at, 0, item({ note: 1, n0te: 2 })) })
    expect(refusal(await master.post('/intents', twice.replace('n0te', '\\u006eote'))).message).toBe(
      `intents[${at}] has the field "note" twice.`,
    )
    expect(refusal(await publish(...intents.toSpliced(at, 0, [1]))).message).toBe(
      `intents[${at}] must be an object.`,
    )
  }
})

test('payloads keep their text', async () => {
  const body =
    '{"intents":[ {"goal":"work", "payload": {"n": 1.0, "big":123456789012345678901234567890}} ,{"payload":"\\ud800","goal":"work"}]}'
  expect((await master.post('/intents', body)).status).toBe(201)
  const [first, second] = [await master.post('/claim'), await master.post('/claim')]
  expect(first.text).toContain('"payload":{"n":1.0,"big":123456789012345678901234567890}')
  expect(second.text).toContain('"payload":"\\ud800"')
})

describe('all or none', () => {
  test.each([
    ['no object', 7, 'invalid_payload', /^intents\[1\] must be an object/],
    ['no payload', { goal: 'work' }, 'invalid_request', /^intents\[1\]: Missing payload: it takes any JSON/],
    ['a bad namespace', item({ namespace: 'a b' }), 'invalid_namespace', /^intents\[1\]: namespace takes/],
    ['an empty goal', item({ goal: ' ' }), 'invalid_goal', /^intents\[1\]: goal takes/],
    ['a bad worker', item({ target_worker: 'a b' }), 'invalid_target_worker', /^intents\[1\]: target_worker/],
    [
      'a bad capability',
      item({ required_capability: 'a b' }),
      'invalid_required_capability',
      /^intents\[1\]: required_capability/,
    ],
    ['too large', item({ payload: 'x'.repeat(9000) }), 'payload_too_large', /^intents\[1\]: The payload has/],
    ['a bad key', item({ idempotency_key: 'ä' }), 'invalid_request', /^intents\[1\]: idempotency_key takes/],
  ])('an item that is %s refuses them all and is named', async (_what, bad, code, message) => {
    const answer = await publish(item(), bad, item())
    expect(refusal(answer)).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await open()).toBe(0)
  })

  test('so does a key that was used for something else, earlier or in the same batch', async () => {
    await master.publish(item(), { 'idempotency-key': 'used' })
    for (const first of [item(), item({ idempotency_key: 'used', payload: 'other' })]) {
      const answer = await publish(first, item({ idempotency_key: 'used', payload: 'another' }))
      expect(refusal(answer)).toMatchObject({
        status: 422,
        code: 'idempotency_conflict',
        message: expect.stringMatching(/^intents\[\d\]: Key reused with different payload/),
      })
    }
    expect(await open()).toBe(1)
  })

  test('so does the cap on open intents, which counts every item', async () => {
    const capped = await busForTest({ BUS_MAX_OPEN_INTENTS: '3' })
    const client = await capped.issue()
    await client.publish()
    const three = await client.post('/intents', { intents: [item(), item(), item()] })
    expect(refusal(three)).toMatchObject({
      status: 429,
      code: 'limit_exceeded',
      message: expect.stringMatching(/^intents\[2\]/),
    })
    expect((await client.post('/intents', { intents: [item(), item()] })).status).toBe(201)
    expect((await client.post('/intents', { intents: [item()] })).status).toBe(429)
  })
})

test('each item has its own idempotency key, the same as a single publish would have', async () => {
  const first = await publish(item({ idempotency_key: 'a' }), item({ idempotency_key: 'b', payload: 2 }))
  const again = await publish(
    item({ payload: 2, idempotency_key: 'b' }),
    item(),
    item({ idempotency_key: 'a' }),
  )
  expect(again.json.intents[0].id).toBe(first.json.intents[1].id)
  expect(again.json.intents[2].id).toBe(first.json.intents[0].id)
  expect(await master.publish(item(), { 'idempotency-key': 'a' })).toBe(first.json.intents[0].id)
  expect(await open()).toBe(3)
})

test('the same key twice in one batch is one intent', async () => {
  const { json } = await publish(item({ idempotency_key: 'k' }), item({ idempotency_key: 'k' }))
  expect(json.intents[0]).toEqual(json.intents[1])
  expect(await open()).toBe(1)
})

test.each([
  ['{}', /intents takes a list of at most 1000 objects; it got nothing/],
  ['{"intents":{}}', /intents takes a list .* it got something else/],
  [JSON.stringify({ intents: Array(1001).fill(item()) }), /intents takes a list .* it got 1001/],
])('a body without such a list is refused', async (body, message) => {
  expect(refusal(await master.post('/intents', body))).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: expect.stringMatching(message),
  })
})

test('the rate limit counts items', async () => {
  const strict = await busForTest({ BUS_RATE_LIMIT: '10' })
  const client = await strict.issue()
  const send = (count: number) => client.post('/intents', { intents: Array(count).fill(item()) })
  expect((await send(6)).status).toBe(201)
  expect(refusal(await send(5))).toMatchObject({ status: 429, code: 'rate_limited' })
  await strict.clock.advance(60_000)
  expect((await send(10)).status).toBe(201)
  expect((await send(1)).status).toBe(429)
})

test('a batch that no window has room for is refused as such, not told to wait', async () => {
  const strict = await busForTest({ BUS_RATE_LIMIT: '10' })
  const intents = Array(11).fill(item())
  const refused = refusal(await (await strict.issue()).post('/intents', { intents }))
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(refused.message).toContain('11 items are more than a key may send in a window (10)')
  expect((await strict.master.post('/intents', { intents })).status).toBe(201)
})

test('a waiting worker is roused for each of them', async () => {
  const answers = [master.claim('?wait=60'), master.claim('?wait=60'), master.claim('?wait=60')]
  while (bus.broker.waiting < 3) await new Promise(setImmediate)
  const { json } = await publish(item(), item(), item())
  const taken = (await Promise.all(answers)).map(claim => claim!.id)
  expect(taken.sort()).toEqual(json.intents.map((each: { id: string }) => each.id).sort())
})

test('a replayed batch is refused, and nothing of it is done', async () => {
  const body = JSON.stringify({ intents: [item(), item()] })
  const signing = { timestamp: bus.seconds(), nonce: 'batch-once' }
  expect((await master.signed('POST', '/intents', body, signing)).status).toBe(201)
  expect((await master.signed('POST', '/intents', body, signing)).status).toBe(403)
  expect(await open()).toBe(2)
})

import { busForFile, busForTest, MASTER } from '@intent-bus/service/test/support/bus'
import { beforeEach, describe, expect, test } from 'vitest'
import { BusError, IntentBus, IntentDeadError, LeaseLostError, NotDoneYetError } from '../src/index.ts'

type Goals = {
  resize: { payload: { file: string }; result: { width: number } }
  tick: { payload: null }
}

const bus = await busForFile()
const client = new IntentBus<Goals>({ url: bus.url, key: MASTER })

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
})

test('an intent goes from publisher to worker and back', async () => {
  const { id } = await client.publish('resize', { file: 'cat.png' }, { priority: 7, maxAttempts: 2 })
  const claim = await client.claim({
    goal: 'resize',
    workerId: 'pi',
    capabilities: ['gpu', 'ocr'],
    lease: 90,
  })
  expect(claim).toMatchObject({
    id,
    goal: 'resize',
    payload: { file: 'cat.png' },
    claimAttempts: 1,
    priority: 7,
    targetWorker: null,
    requiredCapability: null,
    claimTimeout: 90,
  })
  await client.progress(claim!, 50, { message: 'half', seconds: 100 })
  expect(await client.status(id)).toMatchObject({ status: 'claimed', progress: 50, progressMessage: 'half' })
  expect(await client.extend(claim!, 120)).toEqual({ extendedBy: 120 })
  await client.fulfill(claim!, { width: 64 })
  expect(await client.result<'resize'>(id)).toMatchObject({
    status: 'fulfilled',
    resultType: 'json',
    result: { width: 64 },
  })
})

test('every option of a publication arrives', async () => {
  const { id } = await client.publish(
    'resize',
    { file: 'a' },
    {
      namespace: 'photos',
      visibility: 'public',
      priority: 1,
      delay: 30,
      maxAttempts: 9,
      backoffBase: 11,
      targetWorker: 'barn',
      requiredCapability: 'gpu',
    },
  )
  const { json } = await bus.admin.get(`/admin/intents/${id}`)
  expect(json).toMatchObject({
    namespace: 'photos',
    visibility: 'public',
    priority: 1,
    max_attempts: 9,
    backoff_base: 11,
    target_worker: 'barn',
    required_capability: 'gpu',
  })
  expect(json.run_at - json.created_at).toBeCloseTo(30, 3)
})

test('a payload that is left undefined is null', async () => {
  const { id } = await client.publish('tick', undefined as unknown as null)
  expect((await client.claim())!.id).toBe(id)
})

test('an idempotency key of one’s own publishes once; with another payload it is a conflict', async () => {
  const first = await client.publish('resize', { file: 'a' }, { idempotencyKey: 'order-1' })
  expect(await client.publish('resize', { file: 'a' }, { idempotencyKey: 'order-1' })).toEqual(first)
  await expect(client.publish('resize', { file: 'b' }, { idempotencyKey: 'order-1' })).rejects.toMatchObject({
    name: 'BusError',
    code: 'idempotency_conflict',
    status: 422,
    requestId: expect.any(String),
  })
  expect((await client.publish('resize', { file: 'a' })).id).not.toBe(first.id)
})

test('many are published, claimed and settled at once, each with its own answer', async () => {
  const published = await client.publishMany([
    { goal: 'resize', payload: { file: 'a' } },
    { goal: 'resize', payload: { file: 'b' }, priority: 900, idempotencyKey: 'b' },
    { goal: 'tick', payload: null },
  ])
  const claims = await client.claimMany({ max: 10 })
  expect(claims.map(({ id }) => id)).toEqual([published[1]!.id, published[0]!.id, published[2]!.id])
  expect(await client.extendMany(claims, 60)).toEqual(
    claims.map(({ id }) => ({ ok: true, id, extendedBy: 60 })),
  )
  const [one, two, three] = claims as [(typeof claims)[0], (typeof claims)[0], (typeof claims)[0]]
  expect(
    await client.fulfillMany([
      { ...one, result: 1 },
      { ...two, claimToken: 'wrong' },
    ]),
  ).toEqual([
    { ok: true, id: one.id },
    { ok: false, id: two.id, error: { code: 'not_found', message: expect.any(String) } },
  ])
  expect(await client.failMany([{ ...three, error: 'no network' }])).toEqual([{ ok: true, id: three.id }])
  expect(await client.fulfillMany([])).toEqual([])
})

test('an empty bus has nothing to claim', async () => {
  expect(await client.claim()).toBeNull()
  expect(await client.claimMany()).toEqual([])
})

test('a text result stays a text', async () => {
  const { id } = await client.publish('tick', null)
  await client.fulfill((await client.claim())!, 'plain', 'text')
  expect(await client.result(id)).toMatchObject({ resultType: 'text', result: 'plain' })
})

test('a lost lease has an error of its own, for every report', async () => {
  await client.publish('tick', null)
  const claim = (await client.claim({ lease: 10 }))!
  await bus.clock.advance(10_001)
  for (const report of [
    () => client.fulfill(claim, 1),
    () => client.fail(claim, 'x'),
    () => client.extend(claim, 60),
    () => client.progress(claim, 1),
  ]) {
    await expect(report()).rejects.toBeInstanceOf(LeaseLostError)
  }
})

describe('a request', () => {
  test('is answered with the result', async () => {
    const reply = client.request('resize', { file: 'cat.png' })
    const claim = (await client.claim({ wait: 10 }))!
    await client.fulfill(claim, { width: 3 })
    expect((await reply).width).toBe(3)
  })

  test('says why it is dead', async () => {
    const reply = client.request('resize', { file: 'cat.png' }, { maxAttempts: 1 })
    const claim = (await client.claim({ wait: 10 }))!
    await client.fail(claim, 'no such file')
    await expect(reply).rejects.toThrow(new IntentDeadError(claim.id, 'no such file'))
  })

  test('that is not done in time can be asked for later', async () => {
    const error = (await client.request('tick', null, { wait: 0 }).catch(caught => caught)) as NotDoneYetError
    expect(error).toBeInstanceOf(NotDoneYetError)
    expect((await client.status(error.id)).status).toBe('open')
  })
})

test('values are kept under any key', async () => {
  await client.set('a b/c?d=100%', 'text', { ttl: 5 })
  expect(await client.get('a b/c?d=100%')).toBe('text')
  await client.set('n', { deep: [1, 2] })
  expect(await client.get('n')).toBe('{"deep":[1,2]}')
  await bus.clock.advance(5001)
  expect(await client.get('a b/c?d=100%')).toBeNull()
})

test('health needs no key', async () => {
  expect(await new IntentBus({ url: bus.url }).health()).toMatchObject({
    ok: true,
    version: expect.any(String),
  })
})

test('a wrong key is told as such, and is in no message', async () => {
  const stranger = new IntentBus({ url: bus.url, key: 'tk_wrong_key_0123456789' })
  const error: BusError = await stranger.publish('x', 1).catch(caught => caught)
  expect(error).toBeInstanceOf(BusError)
  expect(error).toMatchObject({ code: 'unauthorized', status: 401 })
  expect(`${error.stack}`).not.toContain('tk_wrong')
})

test.each([
  ['a line break', 'tk_secret\nkey'],
  ['a quotation mark of a word processor', 'tk_secret“key”'],
])('a key with %s is told as such at once, and not shown', async (_what, key) => {
  const sent: unknown[] = []
  const typo = new IntentBus({ url: bus.url, key, fetch: async url => sent.push(url) as never })
  const error: Error = await typo.publish('tick', null).catch(caught => caught)
  expect(error).toMatchObject({
    code: 'invalid_request',
    message: 'X-API-KEY takes visible ASCII characters; it got others.',
  })
  expect(`${error.stack} ${error.cause}`).not.toContain('secret')
  expect(sent).toEqual([])
})

test('a name that would make it another address is refused before it is sent', async () => {
  for (const name of ['.', '..', '\ud83d']) {
    await expect(client.set(name, 'v')).rejects.toMatchObject({ code: 'invalid_request' })
  }
  await expect(client.status('..')).rejects.toThrow('".." cannot be in an address.')
  await client.set('%2e%2e', 'v')
  expect(await client.get('%2e%2e')).toBe('v')
})

const OF_A_BUS = { 'x-intent-version': '7.61' }

test('a time-out longer than any timer is no time-out', async () => {
  const slow: typeof fetch = async (_url, init) => {
    await new Promise(resolve => setTimeout(resolve, 50))
    return new Response(JSON.stringify({ ok: !init!.signal!.aborted }), { headers: OF_A_BUS })
  }
  const patient = new IntentBus({ url: bus.url, timeout: Number.POSITIVE_INFINITY, fetch: slow })
  expect((await patient.health()).ok).toBe(true)
})

test('what the bus has begun to give out is taken, though the caller hangs up', async () => {
  await client.publish('tick', null)
  const hangUp = new AbortController()
  const hurried: typeof fetch = async (url, init) => {
    const answer = await fetch(url, init)
    const text = answer.text.bind(answer)
    return Object.assign(answer, {
      text() {
        hangUp.abort()
        return text()
      },
    })
  }
  const impatient = new IntentBus({ url: bus.url, key: MASTER, fetch: hurried })
  expect(await impatient.claim({ signal: hangUp.signal })).toMatchObject({ goal: 'tick' })
})

test('what makes no sense is refused before it is sent', () => {
  expect(() => new IntentBus({ url: 'ftp://x' })).toThrow('url takes http or https; it got ftp:')
  expect(() => new IntentBus({ url: undefined as unknown as string })).toThrow(/it got nothing.*not set\?$/)
  expect(() => new IntentBus({ url: 'localhost:8080' })).toThrow('Write http://localhost:8080')
  expect(() => new IntentBus({ url: 'a bus' })).toThrow('it got something else.')
  expect(() => new IntentBus({ url: 'http://user:pw@x' })).toThrow('the key has an option of its own')
  expect(() => new IntentBus({ url: 'http://x', sign: true })).toThrow('sign needs a key')
})

describe('signed', async () => {
  const strict = await busForFile({ BUS_REQUIRE_SIGNATURES: 'true' })
  strict.wallAheadMs = Date.now() - strict.clock.now()
  const signer = new IntentBus({ url: strict.url, key: MASTER, sign: true })

  test('every call is accepted by a bus that requires signatures', async () => {
    const { id } = await signer.publish('ünï "goal"', { text: 'naïve ☕' }, { requiredCapability: 'a:b' })
    const claim = (await signer.claim({
      goal: 'ünï "goal"',
      capabilities: ['a:b', 'c.d'],
      workerId: 'w:1',
      wait: 1.5,
    }))!
    expect(claim.payload).toEqual({ text: 'naïve ☕' })
    await signer.extend(claim, 30)
    await signer.progress(claim, 1.5)
    await signer.fulfill(claim, { ok: true })
    expect((await signer.result(id, { wait: 1 })).status).toBe('fulfilled')
    expect((await signer.status(id)).status).toBe('fulfilled')
    await signer.set("it's (a) key/100%!*", 'v')
    expect(await signer.get("it's (a) key/100%!*")).toBe('v')
    await signer.publishMany([{ goal: 'a', payload: 1 }])
    await signer.failMany(await signer.claimMany())
  })

  test('a client that does not sign is refused', async () => {
    const unsigned = new IntentBus({ url: strict.url, key: MASTER })
    await expect(unsigned.publish('x', 1)).rejects.toMatchObject({ code: 'invalid_signature' })
  })
})

test('a bus under a path of a proxy keeps its path', async () => {
  const seen: string[] = []
  const recording: typeof fetch = async url => {
    seen.push(String(url))
    return new Response('{"ok":true}', { headers: OF_A_BUS })
  }
  await new IntentBus({ url: 'https://example.com/bus/', fetch: recording }).health()
  expect(seen).toEqual(['https://example.com/bus/health'])
})

test('a bus that waits is given the time to', async () => {
  const slow = await busForTest()
  const patient = new IntentBus({ url: slow.url, key: MASTER, timeout: 0.2, retries: 0 })
  const claim = patient.claim({ wait: 1 })
  while (slow.broker.waiting === 0) await new Promise(setImmediate)
  await new Promise(resolve => setTimeout(resolve, 400))
  await slow.clock.advance(1000)
  expect(await claim).toBeNull()
})

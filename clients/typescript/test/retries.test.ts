import { busForFile, MASTER } from '@intent-bus/service/test/support/bus'
import { describe, expect, test } from 'vitest'
import { BusError, IntentBus, LeaseLostError, UnexpectedAnswerError, UnreachableError } from '../src/index.ts'
import { Gate, type Mishap, refusal } from './support/gate.ts'
import { HastyClock, type ManualClock, PassingClock } from './support/manual-clock.ts'

const bus = await busForFile()
bus.wallAheadMs = Date.now() - bus.clock.now()

type Options = { sign?: boolean; retries?: number; patience?: number; clock?: ManualClock }

async function behindGate({ clock = new HastyClock(), ...options }: Options = {}) {
  await bus.admin.post('/admin/purge', { confirm: true })
  const gate = await Gate.before(bus.url)
  const client = new IntentBus({ url: gate.url, key: MASTER, adminToken: 'no-matter', clock, ...options })
  return { gate, clock, client }
}

test('a publication whose answer got lost is there once', async () => {
  const { gate, client } = await behindGate()
  gate.mishaps.push('answer lost', 'answer lost')
  const { id } = await client.publish('x', 1)
  expect(gate.lines('POST /intent')).toHaveLength(3)
  expect((await client.claimMany()).map(claim => claim.id)).toEqual([id])
})

test('a batch whose answer got lost is there once', async () => {
  const { gate, client } = await behindGate()
  gate.mishaps.push('answer lost')
  const published = await client.publishMany([
    { goal: 'x', payload: 1 },
    { goal: 'x', payload: 1 },
  ])
  expect((await client.claimMany()).map(claim => claim.id)).toEqual(published.map(({ id }) => id))
})

test('a fulfilment whose answer got lost is no lost lease', async () => {
  const { gate, client } = await behindGate()
  const { id } = await client.publish('x', 1)
  const claim = (await client.claim())!
  gate.mishaps.push('answer lost')
  await client.fulfill(claim, 'done')
  expect((await client.result(id)).result).toBe('done')
})

test('the same in a batch: what the lost answer had settled is told apart from what was lost', async () => {
  const { gate, client } = await behindGate()
  await client.publishMany([
    { goal: 'x', payload: 1 },
    { goal: 'x', payload: 2 },
  ])
  const [one, two] = await client.claimMany()
  gate.mishaps.push('answer lost')
  const answers = await client.fulfillMany([one!, { ...two!, claimToken: 'wrong' }])
  expect(answers.map(({ ok }) => ok)).toEqual([true, false])
})

test('nor is it, when the rest of the batch cannot be asked about', async () => {
  const { gate, client } = await behindGate({ retries: 1 })
  await client.publishMany([
    { goal: 'x', payload: 1 },
    { goal: 'x', payload: 2 },
    { goal: 'x', payload: 3 },
  ])
  const [one, two, three] = await client.claimMany()
  await client.fulfill(one!)
  gate.mishaps.push('refused', 'passes', 'refused', 'refused')
  expect(await client.fulfillMany([one!, two!, three!])).toMatchObject([
    { ok: false, error: { code: 'unreachable' } },
    { ok: true },
    { ok: true },
  ])
})

test('a fulfilment of a later attempt is not taken for one’s own', async () => {
  const { gate, client } = await behindGate()
  const { id } = await client.publish('x', 1, { backoffBase: 1 })
  const mine = (await client.claim({ lease: 10 }))!
  await bus.clock.advance(30_000)
  await client.fulfill((await client.claim())!, 'theirs')
  gate.mishaps.push('refused')
  await expect(client.fulfill(mine, 'mine')).rejects.toBeInstanceOf(LeaseLostError)
  gate.mishaps.push('refused')
  expect(await client.fulfillMany([{ ...mine, result: 'mine' }])).toMatchObject([
    { ok: false, id, error: { code: 'not_found' } },
  ])
})

test('a claim that is handed in takes no payload back', async () => {
  const { gate, client } = await behindGate()
  await client.publish('x', 'large')
  const claim = (await client.claim())!
  await client.fulfillMany([{ ...claim, result: 1 }])
  const { id, claimToken } = claim
  expect(JSON.parse(gate.seen.at(-1)!.body).items).toEqual([{ id, claim_token: claimToken, result: 1 }])
})

test('a lease that was lost before the answer was is lost', async () => {
  const { gate, client } = await behindGate()
  await client.publish('x', 1)
  const claim = (await client.claim({ lease: 10 }))!
  await bus.clock.advance(10_001)
  gate.mishaps.push('refused')
  await expect(client.fulfill(claim)).rejects.toBeInstanceOf(LeaseLostError)
})

test('a repeat is signed anew', async () => {
  const { gate, client } = await behindGate({ sign: true })
  gate.mishaps.push('answer lost')
  await client.set('k', 'v')
  const nonces = gate.seen.map(({ headers }) => headers['x-nonce'])
  expect(new Set(nonces).size).toBe(2)
  expect(await client.get('k')).toBe('v')
})

describe('how long it waits', () => {
  test('grows, and never beyond 15 seconds', async () => {
    const { gate, clock, client } = await behindGate({ retries: 9 })
    gate.mishaps.push(...Array(9).fill('refused'))
    await client.publish('x', 1)
    expect(clock.slept).toEqual([125, 250, 500, 1000, 2000, 4000, 7500, 7500, 7500])
  })

  test('is what the bus asks for, if it asks', async () => {
    const { gate, clock, client } = await behindGate()
    gate.mishaps.push(refusal(429, 'rate_limited', { 'retry-after': '17' }))
    gate.mishaps.push(refusal(503, 'draining', { 'retry-after': '3' }))
    await client.publish('x', 1)
    expect(clock.slept).toEqual([17_000, 3000])
  })

  test('is a minute at most, whatever stands in front of the bus says', async () => {
    const { gate, clock, client } = await behindGate()
    gate.mishaps.push(refusal(503, 'maintenance', { 'retry-after': '86400' }))
    await client.publish('x', 1)
    expect(clock.slept).toEqual([60_000])
  })
})

test('it gives up after so many tries, and says what the last one came to', async () => {
  const { gate, client } = await behindGate({ retries: 2 })
  gate.mishaps.push('refused', 'refused', refusal(503, 'overloaded'))
  await expect(client.publish('x', 1)).rejects.toMatchObject({
    name: 'BusError',
    code: 'overloaded',
    status: 503,
  })
  expect(gate.seen).toHaveLength(3)
})

test('an error without a message of its own has its code for one', async () => {
  const { gate, client } = await behindGate({ retries: 0 })
  gate.mishaps.push({
    status: 503,
    headers: { 'x-intent-version': '2.1' },
    body: '{"error":{"code":"overloaded"}}',
  })
  await expect(client.publish('x', 1)).rejects.toMatchObject({ code: 'overloaded', message: 'overloaded' })
})

test('what waiting does not mend is not tried again', async () => {
  const { gate, client } = await behindGate()
  await expect(client.publish('x', 1, { namespace: 'no blanks' })).rejects.toBeInstanceOf(BusError)
  expect(gate.seen).toHaveLength(1)
})

test('a key is not made twice: it is asked for again only when the first time surely came to nothing', async () => {
  const { gate, client } = await behindGate()
  gate.mishaps.push('refused')
  await expect(client.admin.generateKey('ada')).rejects.toBeInstanceOf(UnreachableError)
  expect(gate.seen).toHaveLength(1)
  gate.mishaps.push(refusal(429, 'rate_limited'), 'refused')
  await expect(client.admin.generateKey('ada')).rejects.toBeInstanceOf(UnreachableError)
  expect(gate.seen).toHaveLength(3)
})

test('a proxy whose bus is away is waited for; a page that is no bus’s is told as such', async () => {
  const { gate, client } = await behindGate()
  gate.mishaps.push({ status: 502, body: '<html>Bad Gateway</html>' })
  await client.publish('x', 1)
  gate.mishaps.push({ status: 200, body: '<html>Welcome to nginx</html>' })
  const error = await client.publish('x', 1).catch(caught => caught)
  expect(error).toBeInstanceOf(UnexpectedAnswerError)
  expect(error.message).toContain('Welcome to nginx')
})

const html = '<html>Sign in</html>'
const json = '{"error":{"code":"not_found","message":"no such page"}}'
const ofAnother: [what: string, answer: Mishap][] = [
  ['a redirect', { status: 302, headers: { location: 'https://portal.example.com' } }],
  ...[400, 401, 403, 404, 405, 413].map((status): [string, Mishap] => [
    `${status} with a page`,
    { status, body: html },
  ]),
  ['an empty 204', { status: 204 }],
  ['JSON of another API', { status: 200, body: '{"intents":[]}' }],
  ['an error of another API', { status: 404, body: json }],
  [
    'a page, by a proxy that copies headers',
    { status: 404, headers: { 'x-intent-version': '7.61' }, body: html },
  ],
]

describe.each(ofAnother)('%s is not the word of a bus', (_what, answer) => {
  test('so a call ends with what answered', async () => {
    const { gate, client } = await behindGate()
    gate.mishaps.push(answer, answer)
    const error = await client.claimMany().catch(caught => caught)
    expect(error).toBeInstanceOf(UnexpectedAnswerError)
    expect(error.message).toContain(`Something other than an Intent Bus answers at ${gate.url}: `)
    await expect(client.get('a')).rejects.toBeInstanceOf(UnexpectedAnswerError)
  })

  test('so a call with patience asks again', async () => {
    const { gate, client } = await behindGate({ patience: 30 })
    gate.mishaps.push(answer, answer)
    await client.set('a', 'v')
    expect(gate.seen).toHaveLength(3)
  })
})

describe('patience', () => {
  const page: Mishap = { status: 200, body: html }

  test('ends with what answered last', async () => {
    const { gate, clock, client } = await behindGate({ patience: 30, clock: new PassingClock() })
    gate.mishaps.push(...Array(99).fill(page))
    await expect(client.publish('x', 1)).rejects.toBeInstanceOf(UnexpectedAnswerError)
    expect(clock.now()).toBeGreaterThan(15_000)
    expect(clock.now()).toBeLessThanOrEqual(30_000)
  })

  test('bounds the tries of a bus that cannot be reached', async () => {
    const { gate, clock, client } = await behindGate({ patience: 1, retries: 99, clock: new PassingClock() })
    gate.mishaps.push(...Array(99).fill('refused'))
    await expect(client.publish('x', 1)).rejects.toBeInstanceOf(UnreachableError)
    expect(clock.now()).toBeLessThanOrEqual(1000)
  })

  test('is not used up by what the bus was asked to wait', async () => {
    const clock = new PassingClock()
    const { gate, client } = await behindGate({ patience: 5, clock })
    const { id } = await client.publish('x', 1)
    await bus.master.fulfil((await bus.master.claim())!, { result: 'done' })
    gate.mishaps.push(page)
    gate.onSeen = () => clock.advance(gate.seen.length === 2 ? 29_000 : 0)
    expect((await client.result(id, { wait: 30 })).result).toBe('done')
  })

  test('does not make a key twice', async () => {
    const { gate, client } = await behindGate({ patience: 30 })
    gate.mishaps.push(page)
    await expect(client.admin.generateKey('ada')).rejects.toBeInstanceOf(UnexpectedAnswerError)
    expect(gate.seen).toHaveLength(1)
  })

  test('does not wait longer for what the bus itself refuses', async () => {
    const { gate, client } = await behindGate({ patience: 30 })
    await expect(client.publish('x', 1, { namespace: 'no blanks' })).rejects.toBeInstanceOf(BusError)
    gate.mishaps.push(...Array(9).fill(refusal(503, 'overloaded')))
    await expect(client.publish('x', 1)).rejects.toMatchObject({ code: 'overloaded' })
    expect(gate.lines('/intent')).toHaveLength(6)
  })
})

test.each([521, 530])('a tunnel whose bus is away (%i) is waited for too', async status => {
  const { gate, client } = await behindGate()
  gate.mishaps.push({ status, body: '<html>error code: 1033</html>' })
  await client.publish('x', 1)
  expect(gate.seen).toHaveLength(2)
})

test('a repeat says the same, whatever its caller has done to it meanwhile', async () => {
  const { gate, client } = await behindGate()
  const payload = { step: 1 }
  gate.mishaps.push('answer lost')
  const published = client.publish('x', payload)
  payload.step = 2
  await published
  expect((await client.claim())!.payload).toEqual({ step: 1 })
})

test('whoever waits for a result waits on while the bus is away', async () => {
  const { gate, client } = await behindGate({ retries: 1 })
  const { id } = await client.publish('x', 1)
  gate.mishaps.push('refused', 'refused', 'refused')
  const result = client.result(id, { wait: 60 })
  await bus.master.fulfil((await bus.master.claim())!, { result: 'done' })
  expect((await result).result).toBe('done')
  expect(gate.lines('/result/')).toHaveLength(4)
  gate.mishaps.push('refused', 'refused')
  await expect(client.result(id)).rejects.toBeInstanceOf(UnreachableError)
})

test('a redirect is not followed, and says where to', async () => {
  const { gate, client } = await behindGate()
  gate.mishaps.push({ status: 301, headers: { location: 'https://bus.example.com/intent' } })
  await expect(client.publish('x', 1)).rejects.toThrow(
    'a redirect to https://bus.example.com/intent. If the bus is there, use that address.',
  )
  expect(gate.seen).toHaveLength(1)
})

test('nobody there is told with the address and the reason', async () => {
  const client = new IntentBus({ url: 'http://127.0.0.1:9', key: 'k', retries: 0 })
  await expect(client.publish('x', 1)).rejects.toThrow(/http:\/\/127\.0\.0\.1:9 cannot be reached: .+/)
})

test('one that says nothing is a time-out', async () => {
  const silent: typeof fetch = (_url, init) =>
    new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason)))
  const client = new IntentBus({ url: 'http://x', key: 'k', retries: 0, timeout: 0.01, fetch: silent })
  await expect(client.publish('x', 1)).rejects.toMatchObject({ name: 'UnreachableError', code: 'timeout' })
})

test('a signal ends the wait, and its reason is thrown', async () => {
  const { client } = await behindGate()
  const hangUp = new AbortController()
  const claim = client.claim({ wait: 60, signal: hangUp.signal })
  while (bus.broker.waiting === 0) await new Promise(setImmediate)
  hangUp.abort(new Error('enough'))
  await expect(claim).rejects.toThrow('enough')
  while (bus.broker.waiting > 0) await new Promise(setImmediate)
})

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Headings, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

/** @returns the ids a worker is given, one after the other, until there is nothing for it */
async function takeAll(query = '', headers: Headings = {}): Promise<string[]> {
  const taken: string[] = []
  for (;;) {
    const claim = await master.claim(query, headers)
    if (claim === null) return taken
    taken.push(claim.id)
  }
}

/** Makes an intent whose first attempt failed just now; due again in 10 s. */
async function failedOnce(fields: object): Promise<string> {
  const id = await master.publish({ ...fields, namespace: 'default', priority: 1000 })
  const claim = await master.claim('?worker_id=w1&capabilities=gpu')
  expect(claim!.id).toBe(id)
  await master.fail(claim!)
  return id
}

describe('the order of claims', () => {
  test('a higher priority goes first, however young it is', async () => {
    const [low, usual] = [await master.publish({ priority: 0 }), await master.publish()]
    await bus.clock.advance(1000)
    const high = await master.publish({ priority: 1000 })
    expect(await takeAll()).toEqual([high, usual, low])
  })

  test('of equal priority, what has been due longer goes first', async () => {
    const later = await master.publish({ delay: 10 })
    const sooner = await master.publish({ delay: 5 })
    await bus.clock.advance(10_000)
    const now = await master.publish()
    expect((await takeAll()).slice(0, 2)).toEqual([sooner, later])
    expect((await master.status(now)).status).toBe('claimed')
  })

  test('of what fell due together, the one with fewer attempts goes first', async () => {
    const tried = await failedOnce({})
    const fresh = await master.publish({ delay: 10, priority: 1000 })
    await bus.clock.advance(10_000)
    expect((await master.status(tried)).run_at).toBe((await master.status(fresh)).run_at)
    expect(await takeAll()).toEqual([fresh, tried])
  })

  test('of what fell due together, the one published first goes first', async () => {
    const older = await master.publish({ delay: 10 })
    await bus.clock.advance(5000)
    const younger = await master.publish({ delay: 5 })
    await bus.clock.advance(5000)
    expect(await takeAll()).toEqual([older, younger])
  })

  test('what was published in the same millisecond goes by its id', async () => {
    const ids = []
    for (let i = 0; i < 12; i += 1) ids.push(await master.publish())
    expect(await takeAll()).toEqual(ids.toSorted())
  })

  test('it is one order over all lanes that a worker may draw from', async () => {
    const alice = await bus.issue()
    const lanes = [
      { by: master, lane: {} },
      { by: master, lane: { goal: 'other' } },
      { by: master, lane: { target_worker: 'w1' } },
      { by: master, lane: { required_capability: 'gpu' } },
      { by: master, lane: { target_worker: 'w1', required_capability: 'gpu', goal: 'third' } },
      { by: master, lane: { visibility: 'public' } },
      { by: alice, lane: { visibility: 'public' } },
    ]
    const published = []
    for (const { lane } of lanes.slice(0, 6)) {
      published.push({ id: await failedOnce(lane), priority: 1000, runAt: 10, attempts: 1 })
    }
    for (let i = 0; i < 70; i += 1) {
      const { by, lane } = lanes[i % lanes.length]!
      const [priority, runAt] = [[500, 1000, 100][(i * 5) % 3]!, [10, 0, 5, 10][(i * 3) % 4]!]
      const id = await by.publish({ ...lane, priority, delay: runAt })
      published.push({ id, priority, runAt, attempts: 0 })
    }
    // Sorting is stable: what is equal in all three stays in the order of publishing.
    const due = published.toSorted(
      (a, b) => b.priority - a.priority || a.runAt - b.runAt || a.attempts - b.attempts,
    )
    await bus.clock.advance(10_000)
    expect(await takeAll('?worker_id=w1&capabilities=gpu,fpga')).toEqual(due.map(({ id }) => id))
  })
})

describe('a goal', () => {
  test('that is asked for is the only one given', async () => {
    const [, b] = [await master.publish({ goal: 'a' }), await master.publish({ goal: 'b c/ü?&' })]
    expect(await takeAll(`?goal=${encodeURIComponent('b c/ü?&')}`)).toEqual([b])
    expect(await takeAll('?goal=A')).toEqual([])
    expect(await takeAll('?goal=%20a%20')).toHaveLength(1)
  })

  test.each(['?goal=', '?goal', '?goal=%20', '?unheard=of'])('%s asks for any', async query => {
    const ids = [await master.publish({ goal: 'a' }), await master.publish({ goal: 'b' })]
    expect(await takeAll(query)).toEqual(ids)
  })
})

test('namespaces are apart; none means default, and an empty one is refused', async () => {
  const here = await master.publish()
  const there = await master.publish({ namespace: 'there', priority: 1000 })
  expect(await takeAll('?namespace=nowhere')).toEqual([])
  expect(refusal(await master.post('/claim?namespace='))).toMatchObject({
    status: 400,
    code: 'invalid_namespace',
  })
  expect(await takeAll()).toEqual([here])
  expect(await takeAll('?namespace=there')).toEqual([there])
})

describe('a target worker', () => {
  test.each([
    { says: '?worker_id=w1', headers: {} },
    { says: 'X-Worker-ID: w1', headers: { 'x-worker-id': 'w1' } },
    { says: '?worker_id=w2', headers: { 'x-worker-id': 'w1' } },
    { says: '?worker_id=%20w1%20', headers: { 'x-worker-id': '' } },
  ])('gets its own and anybody’s: $says $headers', async ({ says, headers }) => {
    const [own, anybodys] = [await master.publish({ target_worker: 'w1' }), await master.publish()]
    await master.publish({ target_worker: 'w2' })
    expect(await takeAll(says.startsWith('?') ? says : '', headers)).toEqual([own, anybodys])
  })

  test.each([
    ['', {}],
    ['?worker_id=W1', {}],
    ['?worker_id=w', {}],
    ['?worker_id=w1', { 'x-worker-id': 'w2' }],
  ])('is nobody who says "%s" %o', async (query, headers) => {
    await master.publish({ target_worker: 'w1' })
    expect(await takeAll(query, headers)).toEqual([])
  })

  test('is known by its first 64 characters', async () => {
    const id = await master.publish({ target_worker: `${'w'.repeat(64)}-published` })
    expect(await takeAll(`?worker_id=${'w'.repeat(63)}`)).toEqual([])
    expect(await takeAll('', { 'x-worker-id': `${'w'.repeat(64)}-asking!` })).toEqual([id])
  })
})

describe('a required capability', () => {
  test.each([
    { query: '?capabilities=gpu', headers: {} },
    { query: '?capability=gpu', headers: {} },
    { query: '?capabilities=cpu,,%20gpu%20,', headers: {} },
    { query: '', headers: { 'x-worker-capabilities': 'gpu' } },
    { query: '', headers: { 'x-worker-capability': 'gpu' } },
    { query: '', headers: { 'x-worker-capabilities': ' cpu , gpu,fpga, gpu' } },
    { query: '?capabilities=cpu', headers: { 'x-worker-capabilities': 'gpu' } },
    { query: '?capabilities=cpu', headers: { 'x-worker-capability': 'gpu' } },
    { query: '?capability=gpu', headers: { 'x-worker-capabilities': '' } },
  ])('is offered by $query $headers, beside work that needs none', async ({ query, headers }) => {
    const [gpu, plain] = [await master.publish({ required_capability: 'gpu' }), await master.publish()]
    await master.publish({ required_capability: 'tpu' })
    expect(await takeAll(query, headers)).toEqual([gpu, plain])
  })

  test.each([
    ['', {}],
    ['?capabilities=GPU,gp,gpu2', {}],
    ['?capabilities=gpu', { 'x-worker-capabilities': 'cpu' }],
    ['?capabilities=cpu&capability=gpu', {}],
  ])('is not offered by "%s" %o', async (query, headers) => {
    await master.publish({ required_capability: 'gpu' })
    expect(await takeAll(query, headers)).toEqual([])
  })

  test('is known by its first 64 characters, and the list ends after 256', async () => {
    const names = ['a', 'b', 'c'].map(letter => letter.repeat(64))
    const list = [...names, 'd'.repeat(61)].join(',')
    expect(list).toHaveLength(256)
    const last = await master.publish({ required_capability: 'd'.repeat(61) })
    const long = await master.publish({ required_capability: `${names[0]}-and-more` })
    await master.publish({ required_capability: 'gpu' })
    expect(await takeAll('', { 'x-worker-capabilities': `${list},gpu` })).toEqual([last, long])
    expect(await takeAll('', { 'x-worker-capabilities': `${list},(beyond)` })).toEqual([])
  })
})

test('a worker that offers everything gets all there is; part of it is not enough for both', async () => {
  const both = await master.publish({ target_worker: 'w1', required_capability: 'gpu' })
  const target = await master.publish({ target_worker: 'w1' })
  const capability = await master.publish({ required_capability: 'gpu' })
  const neither = await master.publish()
  expect(await master.claim('?goal=work&namespace=default&worker_id=w1&capabilities=gpu')).toMatchObject({
    id: both,
    target_worker: 'w1',
    required_capability: 'gpu',
  })
  expect(await takeAll('?worker_id=w1')).toEqual([target, neither])
  expect(await takeAll('?capabilities=gpu')).toEqual([capability])
})

test('of a parameter that is repeated, the first counts', async () => {
  await master.publish({ goal: 'b' })
  const a = await master.publish({ goal: 'a', target_worker: 'w1', required_capability: 'gpu' })
  const query = '?goal=a&goal=b&worker_id=w1&worker_id=w2&capabilities=gpu&capabilities=cpu&namespace=default'
  expect(await takeAll(`${query}&namespace=other`)).toEqual([a])
})

test.each([
  ['?worker_id=w%2F1', {}, 'invalid_request'],
  ['?worker_id=w%001', {}, 'invalid_request'],
  ['', { 'x-worker-id': 'w 1' }, 'invalid_request'],
  ['', { 'x-worker-id': 'w\u00fc' }, 'invalid_request'],
  ['?capabilities=gpu;cpu', {}, 'invalid_request'],
  ['?capability=gpu%20cpu', {}, 'invalid_request'],
  ['', { 'x-worker-capabilities': 'gpu,c(pu' }, 'invalid_request'],
  ['', { 'x-worker-capability': 'gp\u00fc' }, 'invalid_request'],
  ['?namespace=a%20b', {}, 'invalid_namespace'],
  [`?namespace=${'n'.repeat(65)}`, {}, 'invalid_namespace'],
  [`?goal=${'g'.repeat(257)}`, {}, 'invalid_goal'],
])('a claim with "%s" %o is 400 %s', async (query, headers, code) => {
  const answer = await master.post(`/claim${query}`, undefined, headers as Headings)
  expect(refusal(answer)).toMatchObject({ status: 400, code })
})

test('a name that the end of the list cuts in half is not offered, and neither is its half', async () => {
  const { master } = await busForTest()
  const list = `${['a', 'b', 'c'].map(letter => letter.repeat(64)).join(',')},${'d'.repeat(57)},gpu-large`
  expect(list.slice(0, 256)).toMatch(/,gpu$/)
  const whole = await master.publish({ required_capability: 'd'.repeat(57) })
  await master.publish({ required_capability: 'gpu' })
  await master.publish({ required_capability: 'gpu-large' })
  const headers = { 'x-worker-capabilities': list }
  expect(await master.claim('', headers)).toMatchObject({ id: whole })
  expect(await master.claim('', headers)).toBeNull()
})

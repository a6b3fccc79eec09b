import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { USE_STEP_MS } from '../../http/auth/keys.ts'
import { busForFile, busForTest, type TestBus } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

const bus = await busForFile()
const { admin } = bus

const DAY = 86_400
const newest = async (of: TestBus = bus) => (await of.admin.get('/admin/keys')).json.keys[0]

/** Somebody whose key has these terms. */
async function issue(terms: object, of: TestBus = bus): Promise<Client> {
  const { json, status } = await of.admin.post('/admin/generate_key', { owner: 'pi', ...terms })
  if (status !== 201) throw new Error(`generate_key: ${status}`)
  return new Client(of.url, { 'x-api-key': json.api_key })
}

test('a key has what it was made with, and its list shows no more of it than how it begins', async () => {
  const terms = { note: ' in the barn ', expires_in: 90 * DAY, rate_limit: 5, open_limit: 7 }
  const { key } = await issue(terms)
  const end = bus.clock.now() / 1000 + 90 * DAY
  expect(await newest()).toMatchObject({
    note: 'in the barn',
    expires_at: end,
    expired: false,
    rate_limit: 5,
    open_limit: 7,
    last_used_at: null,
  })
  expect((await admin.get('/admin/keys')).text).not.toContain(key)
})

test.each([
  ['expires_in', -1],
  ['expires_in', 1.5],
  ['expires_in', '90d'],
  ['expires_in', 315_360_001],
  ['rate_limit', 1_000_001],
  ['rate_limit', '5'],
  ['open_limit', -1],
  ['note', 'x'.repeat(513)],
  ['note', 7],
])('%s of %j is 400, names the field, and makes no key', async (field, value) => {
  const before = (await admin.get('/admin/keys')).json.keys.length
  const refused = refusal(await admin.post('/admin/generate_key', { owner: 'pi', [field]: value }))
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(refused.message).toMatch(new RegExp(`^${field} takes .*; it got `))
  expect((await admin.get('/admin/keys')).json.keys).toHaveLength(before)
})

describe('the end of a key', () => {
  test('shuts it out to the millisecond, with a code and a message of its own, after a restart too', async () => {
    const bus = await busForTest()
    const key = await issue({ expires_in: 60 }, bus)
    await bus.clock.advance(59_999)
    expect((await key.post('/claim')).status).toBe(204)
    await bus.clock.advance(1)
    const shut = async () => refusal(await new Client(bus.url, key.headers).post('/claim'))
    const end = new Date(bus.clock.now()).toISOString()
    const told = { status: 401, code: 'key_expired', message: expect.stringContaining(`expired on ${end}`) }
    expect(await shut()).toEqual(told)
    expect((await newest(bus)).expired).toBe(true)
    await bus.restart()
    expect(await shut()).toEqual(told)
  })

  test('is no failed log-in: whoever has it is not shut out of the rest', async () => {
    const bus = await busForTest({ BUS_AUTH_FAILURE_LIMIT: '3', BUS_SECRET: 'short' })
    const key = await issue({ expires_in: 1 }, bus)
    await bus.clock.advance(1000)
    for (let i = 0; i < 5; i++) expect((await key.post('/claim')).status).toBe(401)
    expect((await bus.nobody.post('/claim', undefined, { 'x-api-key': 'short' })).status).toBe(204)
  })

  test('ends its long polls: it gets no work that comes later', async () => {
    const bus = await busForTest()
    const key = await issue({ expires_in: 10 }, bus)
    const id = await bus.master.publish()
    const reader = await issue({ expires_in: 10 }, bus)
    const own = await reader.publish({ namespace: 'own' })
    const waiting = [key.post('/claim?wait=60'), reader.get(`/result/${own}?wait=60`)] as const
    while (bus.broker.waiting === 0) await setImmediate()
    await bus.clock.advance(10_000)
    expect((await waiting[0]).status).toBe(204)
    expect(refusal(await waiting[1])).toMatchObject({ status: 401, code: 'key_expired' })
    expect((await bus.master.claim())?.id).toBe(id)
  })

  test.each(['change_key', 'rotate_key'])(
    'that %s brings nearer ends long polls that wait already',
    async how => {
      const bus = await busForTest()
      const key = await bus.issue()
      const waiting = key.post('/claim?wait=60')
      while (bus.broker.waiting === 0) await setImmediate()
      const sooner = how === 'change_key' ? { expires_in: 1 } : { overlap: 0 }
      await bus.admin.post(`/admin/${how}`, { api_key: key.key, ...sooner })
      expect((await waiting).status).toBe(204)
      expect(bus.broker.waiting).toBe(0)
    },
  )

  test('can be moved, or taken away', async () => {
    const key = await issue({ expires_in: 1 })
    await bus.clock.advance(1000)
    const { key_id } = await newest()
    expect((await key.post('/claim')).status).toBe(401)
    await admin.post('/admin/change_key', { key_id, expires_in: 60 })
    expect((await key.post('/claim')).status).toBe(204)
    const changed = await admin.post('/admin/change_key', { key_id, expires_in: 0 })
    expect(changed.json).toMatchObject({ key_id, expires_at: null, expired: false })
    await bus.clock.advance(3_600_000)
    expect((await key.post('/claim')).status).toBe(204)
  })
})

describe('limits of its own', () => {
  test('a key may call more, or less, often than the others', async () => {
    const bus = await busForTest({ BUS_RATE_LIMIT: '2' })
    const [usual, rare, busy] = [
      await bus.issue(),
      await issue({ rate_limit: 1 }, bus),
      await issue({ rate_limit: 4 }, bus),
    ]
    const allowed = async (key: Client) => {
      for (let calls = 0; ; calls++) if ((await key.post('/claim')).status === 429) return calls
    }
    expect([await allowed(usual), await allowed(rare), await allowed(busy)]).toEqual([2, 1, 4])
    const intents = Array.from({ length: 4 }, () => ({ goal: 'work', payload: 0 }))
    await bus.clock.advance(60_000)
    expect((await busy.post('/intents', { intents })).status).toBe(201)
    expect(refusal(await rare.post('/intents', { intents })).message).toContain('(1)')
  })

  test('a key may have more, or fewer, open intents than the others, and that survives a restart', async () => {
    const bus = await busForTest({ BUS_MAX_OPEN_INTENTS: '2' })
    const keys = [await bus.issue(), await issue({ open_limit: 1 }, bus), await issue({ open_limit: 3 }, bus)]
    await bus.restart()
    const left: number[] = []
    for (const { headers } of keys) {
      const key = new Client(bus.url, headers)
      let open = 0
      while ((await key.post('/intent', { goal: 'work', payload: 0 })).status === 201) open += 1
      left.push(open)
    }
    expect(left).toEqual([2, 1, 3])
  })

  test('0 gives it those of the bus again', async () => {
    const bus = await busForTest({ BUS_MAX_OPEN_INTENTS: '2' })
    const key = await issue({ open_limit: 1 }, bus)
    await key.publish()
    expect(refusal(await key.post('/intent', { goal: 'work', payload: 0 })).code).toBe('limit_exceeded')
    const { key_id } = await newest(bus)
    const changed = await bus.admin.post('/admin/change_key', { key_id, open_limit: 0 })
    expect(changed.json.open_limit).toBe(null)
    await key.publish()
  })
})

describe('change_key', () => {
  test('leaves alone what it does not name', async () => {
    await issue({ note: 'old', rate_limit: 5, expires_in: 60 })
    const before = await newest()
    const { json } = await admin.post('/admin/change_key', { key_id: before.key_id, owner: 'phone' })
    expect(json).toEqual({ ...before, owner: 'phone' })
    expect(await newest()).toEqual(json)
  })

  test('of a key that is not there is 404, and with nothing to change 400', async () => {
    expect(refusal(await admin.post('/admin/change_key', { key_id: 2 ** 50, note: 'x' })).status).toBe(404)
    const { key_id } = await newest()
    expect(refusal(await admin.post('/admin/change_key', { key_id, note: null }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('Nothing to change'),
    })
  })
})

describe('when a key was last used', () => {
  test('is noted at its first use and then every five minutes, refused requests apart', async () => {
    const bus = await busForTest()
    const used = async () => (await newest(bus)).last_used_at
    const key = await bus.issue()
    await key.post('/claim', undefined, { 'x-signature': 'f'.repeat(64) })
    expect(await used()).toBe(null)
    await key.post('/claim')
    const first = bus.clock.now() / 1000
    expect(await used()).toBe(first)
    await bus.clock.advance(USE_STEP_MS - 1)
    await key.post('/claim')
    expect(await used()).toBe(first)
    await bus.clock.advance(1)
    await key.post('/claim')
    expect(await used()).toBe(first + USE_STEP_MS / 1000)
  })

  test('costs a client that only reads no commit; it goes along with one that comes anyway', async () => {
    const bus = await busForTest()
    const key = await bus.issue()
    const id = await key.publish()
    await bus.clock.advance(USE_STEP_MS)
    const commits = () => bus.metric('intent_bus_commit_duration_seconds_count')
    const before = await commits()
    for (let i = 0; i < 5; i++) expect((await key.get(`/status/${id}`)).status).toBe(200)
    expect(await commits()).toBe(before)
    const at = bus.clock.now()
    expect((await bus.store.keys())[0]!.lastUsedAt).toBe(at - USE_STEP_MS)
    await bus.master.publish()
    expect((await bus.store.keys())[0]!.lastUsedAt).toBe(at)
  })

  test('is kept at the stop, and by the next commit when the disk failed one', async () => {
    const bus = await busForTest()
    const key = await bus.issue()
    bus.store.refuse = new Error('no disk')
    expect((await key.post('/claim')).status).toBe(500)
    bus.store.refuse = null
    await bus.restart()
    expect((await newest(bus)).last_used_at).toBe(bus.clock.now() / 1000)
  })
})

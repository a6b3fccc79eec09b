import { describe, expect, test } from 'vitest'
import { basic, busForFile, busForTest, PASSWORD, type TestBus } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

const bus = await busForFile()

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is what a test looks into
const entries = async (query = '', of: TestBus = bus): Promise<any[]> =>
  (await of.admin.get(`/admin/audit${query}`)).json.entries
const last = async (of: TestBus = bus) => (await entries('?limit=1', of))[0]

async function dead(of: TestBus = bus): Promise<string> {
  const claim = await of.master.claimed({ max_attempts: 1, namespace: 'failing' })
  await of.master.fail(claim)
  return claim.id
}

test('an entry says what, to what, when, and all that is known of who', async () => {
  const id = await bus.master.publish({ namespace: 'mail' })
  await bus.admin.post(`/admin/intents/${id}/cancel`, undefined, { 'x-request-id': 'by-hand' })
  expect(await last()).toEqual({
    sequence: expect.any(Number),
    at: bus.clock.now() / 1000,
    action: 'intent_cancelled',
    subject: id,
    detail: { namespace: 'mail' },
    credential: 'admin_token',
    via: 'api',
    address: '127.0.0.1',
    request_id: 'by-hand',
  })
})

test('it says so when it was the password, and a button of the dashboard', async () => {
  const id = await dead()
  await bus.nobody.post(`/admin/intents/${id}/retry`, undefined, basic('admin', PASSWORD))
  expect(await last()).toMatchObject({
    action: 'intent_retried',
    subject: id,
    credential: 'password',
    via: 'api',
  })
  const browser = new Client(bus.url, basic('admin', PASSWORD))
  const { text } = await browser.get('/admin/dashboard')
  const [, action, token] = new RegExp(
    `action="(\\S+/${id}/cancel)"><input type="hidden" name="token" value="([^"]+)"`,
  ).exec(text)!
  await browser.post(action!, `${new URLSearchParams({ token: token! })}`, {
    'content-type': 'application/x-www-form-urlencoded',
  })
  expect(await last()).toMatchObject({ action: 'intent_cancelled', subject: id, via: 'dashboard' })
})

test('behind a proxy that is trusted it has the address of the client', async () => {
  const bus = await busForTest({ BUS_TRUST_PROXY: '1' })
  await bus.admin.post('/admin/generate_key', { owner: 'pi' }, { 'x-forwarded-for': '192.0.2.7' })
  expect((await last(bus)).address).toBe('192.0.2.7')
})

describe('keys', () => {
  test('made, changed, rotated, revoked: each with what is worth knowing, and never the key', async () => {
    const terms = { note: 'barn', expires_in: 60, rate_limit: 5 }
    const made = (await bus.admin.post('/admin/generate_key', { owner: 'camera', ...terms })).json
    await bus.admin.post('/admin/change_key', { key_id: made.key_id, expires_in: 0, open_limit: 9 })
    const next = (await bus.admin.post('/admin/rotate_key', { key_id: made.key_id, overlap: 60 })).json
    await bus.admin.post('/admin/revoke_key', { api_key: next.api_key })
    const now = bus.clock.now() / 1000
    const found = await entries('?limit=4')
    expect(found.map(({ action, subject, detail }) => [action, subject, detail])).toEqual([
      [
        'key_created',
        `${made.key_id}`,
        { owner: 'camera', prefix: made.prefix, note: 'barn', expires_at: now + 60, rate_limit: 5 },
      ],
      ['key_changed', `${made.key_id}`, { expires_at: null, open_limit: 9 }],
      [
        'key_rotated',
        `${made.key_id}`,
        { owner: 'camera', successor: next.key_id, prefix: next.prefix, old_until: now + 60 },
      ],
      ['key_revoked', `${next.key_id}`, { owner: 'camera', prefix: next.prefix, open_intents: 0 }],
    ])
    const text = JSON.stringify(found)
    for (const secret of [made.api_key, next.api_key]) expect(text).not.toContain(secret)
  })
})

test('many dead letters at once are one entry, with how many and some of them', async () => {
  const ids: string[] = []
  for (let i = 0; i < 25; i++) ids.push(await dead())
  await bus.admin.post('/admin/dead/retry', { ids: [...ids, 'nonsense'] })
  expect(await last()).toMatchObject({
    action: 'dead_retried',
    subject: null,
    detail: { count: 25, ids: ids.slice(0, 20) },
  })
  for (const id of ids) await bus.admin.post(`/admin/intents/${id}/cancel`)
  await bus.admin.post('/admin/dead/drop', { ids })
  expect(await last()).toMatchObject({ action: 'dead_dropped', detail: { count: 25 } })
})

test('a purge is written down, and takes nothing of the trail with it', async () => {
  const bus = await busForTest()
  for (let i = 0; i < 3; i++) await bus.master.publish({ namespace: 'scratch' })
  await bus.master.publish()
  await bus.admin.post('/admin/purge', { confirm: true, namespace: 'scratch' })
  expect(await last(bus)).toMatchObject({ action: 'purged', subject: 'scratch', detail: { intents: 3 } })
  await bus.admin.post('/admin/purge', { confirm: true })
  expect(await entries('', bus)).toMatchObject([
    { sequence: 1, action: 'purged', subject: 'scratch' },
    { sequence: 2, action: 'purged', subject: null, detail: { intents: 1 } },
  ])
})

test('what did nothing leaves no entry: refusals, repeats, reads', async () => {
  const id = await dead()
  await bus.admin.post(`/admin/intents/${id}/cancel`)
  const before = await last()
  await bus.admin.post(`/admin/intents/${id}/cancel`)
  await bus.admin.post(`/admin/intents/${'0'.repeat(32)}/retry`)
  await bus.admin.post('/admin/dead/drop', { ids: ['nonsense'] })
  await bus.admin.post('/admin/revoke_key', { api_key: 'tk_none' })
  await bus.admin.post('/admin/purge', {})
  await bus.admin.post('/admin/generate_key', { owner: '' })
  await bus.admin.post('/admin/maintenance', { on: false })
  await bus.nobody.post('/admin/generate_key', { owner: 'thief' }, { 'x-admin-token': 'wrong' })
  await bus.admin.get('/admin/dead')
  expect(await last()).toEqual(before)
})

test('an action whose commit failed has no entry either', async () => {
  const bus = await busForTest()
  bus.store.refuse = new Error('no disk')
  await bus.admin.post('/admin/generate_key', { owner: 'pi' })
  bus.store.refuse = null
  expect(await entries('', bus)).toEqual([])
})

describe('reading it', () => {
  test('is by pages after an entry or since a time, by action, and the newest unless it is said', async () => {
    const bus = await busForTest()
    for (let i = 0; i < 5; i++) {
      await bus.issue(`owner ${i}`)
      await bus.admin.post('/admin/maintenance', { on: i % 2 === 0 })
      await bus.clock.advance(10_000)
    }
    const sequences = async (query: string) => (await entries(query, bus)).map(each => each.sequence)
    expect(await sequences('')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await sequences('?limit=3')).toEqual([8, 9, 10])
    expect(await sequences('?limit=2&action=key_created')).toEqual([7, 9])
    expect(await sequences('?after=4&limit=3')).toEqual([5, 6, 7])
    expect(await sequences('?after=4&action=maintenance_on')).toEqual([6, 10])
    const third = bus.clock.now() / 1000 - 30
    expect(await sequences(`?since=${third}`)).toEqual([5, 6, 7, 8, 9, 10])
    expect(await sequences(`?since=${third + 0.001}&limit=1`)).toEqual([7])
    expect(await sequences(`?since=${third}&after=9`)).toEqual([10])
    expect(await sequences(`?since=${third + 1e6}`)).toEqual([])

    const seen: number[] = []
    let next: string | undefined = '/admin/audit?since=0&limit=4'
    while (next !== undefined) {
      const page = await bus.admin.get(next)
      for (const { sequence } of page.json.entries) seen.push(sequence)
      next = /^<(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test.each(['after=-1', 'after=x', 'limit=0', 'limit=1001', 'since=tomorrow', 'action=coup'])(
    '?%s is 400 and names the parameter',
    async query => {
      const refused = refusal(await bus.admin.get(`/admin/audit?${query}`))
      expect(refused.status).toBe(400)
      expect(refused.message).toMatch(new RegExp(`^${query.split('=')[0]} takes .*; it got `))
    },
  )
})

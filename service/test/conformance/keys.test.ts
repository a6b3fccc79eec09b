import { expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const bus = await busForFile()
const { admin, master, nobody } = bus

const listed = async (of = bus) => (await of.admin.get('/admin/keys')).json.keys

/** The newest key's number. */
const newest = async (): Promise<number> => (await listed())[0].key_id

test('GET /admin/keys lists the issued keys, newest first, with their open and claimed intents', async () => {
  const bus = await busForTest()
  expect((await bus.admin.get('/admin/keys')).json).toEqual({ keys: [] })
  const created_at = bus.clock.now() / 1000
  const alice = await bus.issue('alice')
  await bus.clock.advance(1500)
  const bob = await bus.issue('bob ü')
  await bus.master.publish()
  await bob.publish({ delay: 60 })
  await bob.claimed()
  await bob.fulfil(await bob.claimed())

  const usual = { note: '', expires_at: null, expired: false, rate_limit: null, open_limit: null }
  const keys = [
    {
      ...usual,
      key_id: 2,
      owner: 'bob ü',
      prefix: bob.key.slice(0, 7),
      created_at: created_at + 1.5,
      last_used_at: created_at + 1.5,
      replaced_by: null,
      open_intents: 2,
      stored_bytes: 2,
    },
    {
      ...usual,
      key_id: 1,
      owner: 'alice',
      prefix: alice.key.slice(0, 7),
      created_at,
      last_used_at: null,
      replaced_by: null,
      open_intents: 0,
      stored_bytes: 0,
    },
  ]
  expect((await bus.admin.get('/admin/keys')).json).toEqual({ keys })
  await bus.restart()
  expect(await listed(bus)).toEqual(keys)
})

test('revoke_key takes the number that the list has, once', async () => {
  const key = await bus.issue('pi')
  await key.publish({ visibility: 'public' })
  const key_id = await newest()
  const revoke = async () => (await admin.post('/admin/revoke_key', { key_id })).json
  expect(await revoke()).toEqual({ ok: true, revoked: true, open_intents: 1 })
  expect((await nobody.post('/claim', undefined, key.headers)).status).toBe(401)
  expect((await listed()).map((each: { key_id: number }) => each.key_id)).not.toContain(key_id)
  expect(await revoke()).toEqual({ ok: true, revoked: false })
})

test('a number that no key has is 200, and revokes none', async () => {
  const key = await bus.issue()
  const answer = await admin.post('/admin/revoke_key', { key_id: 2 ** 50 })
  expect([answer.status, answer.json]).toEqual([200, { ok: true, revoked: false }])
  expect((await key.post('/claim?namespace=empty')).status).toBe(204)
})

test('api_key and key_id at once, or neither, is 400, and revokes none', async () => {
  const key = await bus.issue()
  const key_id = await newest()
  for (const [body, message] of [
    [{ api_key: key.key, key_id }, 'api_key or key_id, not both'],
    [{}, 'Missing api_key or key_id'],
    [{ api_key: null, key_id: null }, 'Missing api_key or key_id'],
  ] as const) {
    const refused = refusal(await admin.post('/admin/revoke_key', body))
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(refused.message).toContain(message)
    expect(refused.message).not.toContain(key.key)
  }
  expect((await key.post('/claim?namespace=empty')).status).toBe(204)
})

test.each([0, -1, 1.5, '1', true, [1], 1e300])('a key_id of %j is 400 and names the field', async key_id => {
  const refused = refusal(await admin.post('/admin/revoke_key', { key_id }))
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(refused.message).toMatch(/^key_id takes .*; it got /)
  expect((await master.post('/claim?namespace=empty')).status).toBe(204)
})

test('keys that are made and rotated at once each have a number of their own, and open after a restart', async () => {
  const bus = await busForTest({ BUS_REQUIRE_SIGNATURES: 'true' })
  const first = await bus.admin.post('/admin/generate_key', { owner: 'first' })
  const made = await Promise.all([
    ...Array.from({ length: 12 }, (_, i) => bus.admin.post('/admin/generate_key', { owner: `${i}` })),
    bus.admin.post('/admin/rotate_key', { key_id: first.json.key_id }),
  ])
  expect(made.map(({ status }) => status)).toEqual(Array(13).fill(201))
  expect(new Set(made.map(({ json }) => json.key_id)).size).toBe(13)
  const areLetIn = async () => {
    for (const { json } of [first, ...made]) {
      const client = bus.nobody.with({ 'x-api-key': json.api_key })
      const read = await client.signed('GET', '/get/absent', '', { timestamp: bus.seconds() })
      expect(read.status).toBe(404)
    }
  }
  await areLetIn()
  await bus.restart()
  await areLetIn()
})

import { describe, expect, test } from 'vitest'
import { busForFile, busForTest, type TestBus } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

const bus = await busForFile()
const { admin } = bus

const DAY_MS = 86_400_000

/** @returns the holder of the new key, and what the bus said */
async function rotate(old: Client, fields: object = {}, of: TestBus = bus) {
  const answer = await of.admin.post('/admin/rotate_key', { api_key: old.key, ...fields })
  if (answer.status !== 201) throw new Error(`rotate_key: ${answer.status} ${answer.text}`)
  return { key: new Client(of.url, { 'x-api-key': answer.json.api_key }), answer: answer.json }
}

test('the successor has owner, note and limits of the old key; both are good until the overlap ends', async () => {
  const made = { owner: 'camera', note: 'barn', rate_limit: 500, open_limit: 7 }
  const { json } = await admin.post('/admin/generate_key', made)
  const old = new Client(bus.url, { 'x-api-key': json.api_key })
  const { key, answer } = await rotate(old, { overlap: 3600 })
  const now = bus.clock.now() / 1000
  expect(answer).toMatchObject({ ...made, created_at: now, expires_at: null, replaced_by: null })
  expect(answer.replaces).toMatchObject({
    key_id: json.key_id,
    expires_at: now + 3600,
    replaced_by: answer.key_id,
  })
  for (const holder of [old, key]) expect((await holder.post('/claim')).status).toBe(204)
  await bus.clock.advance(3_600_000)
  expect(refusal(await old.post('/claim'))).toMatchObject({ status: 401, code: 'key_expired' })
  expect((await key.post('/claim')).status).toBe(204)
})

test('the overlap is a day unless it is said, and may be none at all', async () => {
  const [lenient, strict] = [await bus.issue(), await bus.issue()]
  const { answer } = await rotate(lenient)
  expect(answer.replaces.expires_at).toBe(bus.clock.now() / 1000 + DAY_MS / 1000)
  await rotate(strict, { overlap: 0 })
  expect((await strict.post('/claim')).status).toBe(401)
})

describe('what the old key owned, the new one has, after a restart too', () => {
  test.each([false, true])('restart: %s', async restarted => {
    const bus = await busForTest()
    const old = await bus.issue()
    const other = await bus.issue()
    const taken = await old.claimed({ namespace: 'taken' })
    const id = await old.publish()
    await old.post('/set/lamp', { value: 'on' })
    const again = await old.publish({}, { 'idempotency-key': 'once' })
    const { key } = await rotate(old, {}, bus)
    if (restarted) await bus.restart()
    const heir = new Client(bus.url, key.headers)

    expect((await heir.get('/get/lamp')).json).toEqual({ value: 'on' })
    expect(await heir.publish({}, { 'idempotency-key': 'once' })).toBe(again)
    expect((await heir.get(`/result/${id}`)).status).toBe(200)
    expect((await heir.fulfil(taken)).status).toBe(200)
    expect(await new Client(bus.url, other.headers).claim()).toBe(null)
    expect((await heir.claim())?.id).toBe(id)
    // And the other way round, while both are good.
    const later = await heir.publish({ namespace: 'later' })
    expect((await new Client(bus.url, old.headers).claim('?namespace=later'))?.id).toBe(later)
  })

  test('from the first of a line to the third, and of nobody else', async () => {
    const first = await bus.issue()
    const id = await first.publish({ namespace: 'line' })
    const { key: second } = await rotate(first)
    const { key: third, answer } = await rotate(second)
    expect((await third.claim('?namespace=line'))?.id).toBe(id)
    // What is nobody's number now must not become a later key's.
    const stranger = await bus.issue()
    await stranger.publish({ namespace: 'line' })
    expect(await third.claim('?namespace=line')).toBe(null)
    expect(answer.open_intents).toBe(1)
  })
})

test('a line has one limit, not one for each key', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '3', BUS_MAX_OPEN_INTENTS: '1' })
  const old = await bus.issue()
  await old.publish()
  const { key } = await rotate(old, {}, bus)
  expect(refusal(await key.post('/intent', { goal: 'g', payload: 0 })).code).toBe('limit_exceeded')
  await old.post('/claim?namespace=empty')
  expect(refusal(await key.post('/claim')).code).toBe('rate_limited')
})

test('a key that was rotated cannot be again, and one that is not there is 404', async () => {
  const old = await bus.issue()
  await rotate(old)
  expect(refusal(await admin.post('/admin/rotate_key', { api_key: old.key }))).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: expect.stringContaining('its successor'),
  })
  expect(refusal(await admin.post('/admin/rotate_key', { key_id: 2 ** 50 })).status).toBe(404)
  expect(refusal(await admin.post('/admin/rotate_key', { api_key: 'tk_none' })).status).toBe(404)
})

test('the successor of a key with an end lives as long again, or as is said; the old one no longer than before', async () => {
  const { json } = await admin.post('/admin/generate_key', { owner: 'pi', expires_in: 1000 })
  await bus.clock.advance(900_000)
  const now = bus.clock.now() / 1000
  const { key, answer } = await rotate(new Client(bus.url, { 'x-api-key': json.api_key }), { overlap: 3600 })
  expect([answer.expires_at, answer.replaces.expires_at]).toEqual([now + 1000, now + 100])
  const { answer: third } = await rotate(key, { expires_in: 50 })
  expect(third.expires_at).toBe(now + 50)
})

describe('revoking one of two', () => {
  test('leaves the first to be rotated again, when nobody wrote the second down', async () => {
    const old = await bus.issue()
    const id = await old.publish({ namespace: 'again' })
    const { answer: lost } = await rotate(old)
    await admin.post('/admin/revoke_key', { key_id: lost.key_id })
    expect(refusal(await admin.post('/admin/rotate_key', { api_key: old.key }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('expires_in'),
    })
    const { key, answer } = await rotate(old, { expires_in: 0 })
    expect([answer.expires_at, answer.replaces.replaced_by]).toEqual([null, answer.key_id])
    expect((await key.claim('?namespace=again'))?.id).toBe(id)
  })

  test('leaves the other what it has; with the last one its memory goes', async () => {
    const old = await bus.issue()
    const published = await old.publish({}, { 'idempotency-key': 'kept' })
    const { key } = await rotate(old)
    await admin.post('/admin/revoke_key', { api_key: old.key })
    expect(refusal(await old.post('/claim'))).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(await key.publish({}, { 'idempotency-key': 'kept' })).toBe(published)
    expect((await admin.get(`/admin/intents/${published}`)).json.publisher).toContain(key.key.slice(0, 7))
    const gone = await admin.post('/admin/revoke_key', { api_key: key.key })
    expect(gone.json).toMatchObject({ revoked: true, open_intents: 1 })
    expect((await admin.get(`/admin/intents/${published}`)).json.publisher).toMatch(/^revoked key \d+$/)
  })
})

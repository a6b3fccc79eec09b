import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Answer, type Client, refusal } from '../support/client.ts'
import { pagesFrom } from '../support/pages.ts'

const bus = await busForFile()
const { admin, master } = bus
const idsOf = ({ json }: Answer): string[] => json.map(({ id }: { id: string }) => id)
let alice: Client
let bob: Client

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
  alice = await bus.issue('alice')
  bob = await bus.issue('bob')
})

describe('GET /intents', () => {
  test('lists what the key published, as the list of an admin has it, and nothing of other keys', async () => {
    const first = await alice.publish({ goal: 'resize', payload: { secret: 1 } })
    await bob.publish({ visibility: 'public' })
    await master.publish()
    const second = await alice.publish({ delay: 60, namespace: 'mail' })
    const listed = await alice.get('/intents')
    expect(idsOf(listed)).toEqual([second, first])
    const all = (await admin.get('/admin/intents')).json
    expect(listed.json).toEqual(all.filter(({ id }: { id: string }) => idsOf(listed).includes(id)))
    expect(idsOf(await bob.get('/intents'))).toHaveLength(1)
    expect(idsOf(await master.get('/intents'))).toHaveLength(1)
  })

  test('takes the filters of the list of an admin, and links to the next page', async () => {
    const wanted: string[] = []
    for (let i = 0; i < 5; i += 1) {
      wanted.unshift(await alice.publish({ goal: 'send' }))
      await alice.publish({ goal: 'other' })
      await bob.publish({ goal: 'send' })
    }
    const pages = await pagesFrom(alice, '/intents?goal=send&status=open&limit=2', idsOf)
    expect(pages).toEqual([wanted.slice(0, 2), wanted.slice(2, 4), wanted.slice(4)])
    for (const [filter, code] of [
      ['status=lost', 'invalid_request'],
      ['goal=', 'invalid_goal'],
      ['namespace=a+b', 'invalid_namespace'],
    ]) {
      expect(refusal(await alice.get(`/intents?${filter}`))).toMatchObject({ status: 400, code })
    }
  })

  test('keeps what was published when the key is rotated', async () => {
    const id = await alice.publish()
    const { key_id } = (await admin.get('/admin/keys')).json.keys.find(
      ({ owner }: { owner: string }) => owner === 'alice',
    )
    const rotated = await admin.post('/admin/rotate_key', { key_id })
    expect(idsOf(await alice.with({ 'x-api-key': rotated.json.api_key }).get('/intents'))).toEqual([id])
  })
})

describe('POST /cancel/<id>', () => {
  test('makes an intent of its key dead at once, in any state, and may be repeated', async () => {
    const held = await alice.claimed()
    const open = await alice.publish()
    for (const id of [open, held.id]) {
      for (let i = 0; i < 2; i += 1) {
        expect((await alice.post(`/cancel/${id}`)).json).toEqual({ ok: true, id, status: 'dead' })
      }
      expect((await admin.get(`/admin/dead/${id}`)).json).toMatchObject({
        reason: 'Cancelled by publisher',
        cause: 'cancelled',
        last_error: 'Cancelled by publisher',
      })
    }
    expect((await alice.fulfil(held)).status).toBe(404)
    expect(await bus.metric('intent_bus_deaths_total{reason="cancelled",namespace="default"}')).toBe(2)
  })
})

describe('POST /retry/<id>', () => {
  test('opens a dead or fulfilled intent of its key again, with all its attempts', async () => {
    const claim = await alice.claimed({ max_attempts: 1 })
    await alice.fail(claim)
    expect((await alice.post(`/retry/${claim.id}`)).json).toEqual({ ok: true, id: claim.id, status: 'open' })
    expect(await alice.status(claim.id)).toMatchObject({
      status: 'open',
      claim_attempts: 0,
      last_error: 'Retried by publisher',
    })
    await alice.fulfil((await alice.claim())!)
    expect((await alice.post(`/retry/${claim.id}`)).status).toBe(200)
  })

  test('is 404 for one that is still open or claimed, and says so', async () => {
    const open = await alice.publish()
    const refused = refusal(await alice.post(`/retry/${open}`))
    expect(refused).toMatchObject({ status: 404, code: 'not_found' })
    expect(refused.message).toContain('still open or claimed')
  })

  test('counts against the open intents that the key may have', async () => {
    const capped = await bus.issue('capped', { open_limit: 1 })
    const id = await capped.publish()
    await capped.post(`/cancel/${id}`)
    await capped.publish()
    const refused = refusal(await capped.post(`/retry/${id}`))
    expect(refused).toMatchObject({ status: 429, code: 'limit_exceeded' })
    expect((await capped.status(id)).status).toBe('dead')
    // An admin has no such limit.
    expect((await admin.post(`/admin/intents/${id}/retry`)).status).toBe(200)
  })
})

describe.each(['cancel', 'retry'])('/%s', verb => {
  test('is 403 for the intent of another key, the master key included, and 404 for an unknown one', async () => {
    const id = await alice.publish({ visibility: 'public' })
    if (verb === 'retry') await alice.post(`/cancel/${id}`)
    const before = await alice.status(id)
    for (const other of [bob, master]) {
      expect(refusal(await other.post(`/${verb}/${id}`))).toMatchObject({ status: 403, code: 'forbidden' })
    }
    expect(await alice.status(id)).toEqual(before)
    for (const unknown of ['0'.repeat(32), 'nonsense']) {
      expect(refusal(await alice.post(`/${verb}/${unknown}`)).status).toBe(404)
    }
  })

  test('is in the audit trail, with the key and the address', async () => {
    const id = await alice.publish()
    await alice.post(`/cancel/${id}`)
    if (verb === 'retry') await alice.post(`/retry/${id}`, undefined, { 'x-request-id': 'again-1' })
    const { entries } = (await admin.get('/admin/audit')).json
    // A bus in a container sees this process at the address of Docker's gateway.
    const seen = entries.findLast(({ action }: { action: string }) => action === 'key_created')
    expect(seen.address).toEqual(expect.any(String))
    expect(entries.at(-1)).toMatchObject({
      action: verb === 'cancel' ? 'intent_cancelled' : 'intent_retried',
      subject: id,
      detail: { namespace: 'default', key_id: expect.any(Number) },
      credential: 'api_key',
      via: 'api',
      address: seen.address,
    })
  })

  test('keeps the nonce of a signed request, so that a replay is refused', async () => {
    const id = await alice.publish()
    if (verb === 'retry') await alice.post(`/cancel/${id}`)
    const signing = { timestamp: bus.seconds(), nonce: `once-${verb}` }
    expect((await alice.signed('POST', `/${verb}/${id}`, '', signing)).status).toBe(200)
    const replay = refusal(await alice.signed('POST', `/${verb}/${id}`, '', signing))
    expect(replay).toMatchObject({ status: 403, message: 'Replay detected' })
  })
})

test('listing, cancelling and retrying count against the rate limit', async () => {
  const limited = await busForTest({ BUS_RATE_LIMIT: '3' })
  const key = await limited.issue()
  const id = await key.publish()
  expect((await key.get('/intents')).status).toBe(200)
  expect((await key.post(`/cancel/${id}`)).status).toBe(200)
  expect(refusal(await key.post(`/retry/${id}`))).toMatchObject({ status: 429, code: 'rate_limited' })
})

describe('status and result', () => {
  test('tell the publisher and the master key whose an intent is, and who has it', async () => {
    const { id } = await alice.claimed({ visibility: 'public' })
    for (const path of [`/status/${id}`, `/result/${id}`]) {
      for (const reader of [alice, master]) {
        expect((await reader.get(path)).json).toMatchObject({
          publisher: expect.stringMatching(/^tk_....… \(alice\)$/),
          worker_id: null,
        })
      }
    }
  })

  test('name the worker that has it, or had it last', async () => {
    const id = await alice.publish({ max_attempts: 1 })
    const claim = (await alice.claim('', { 'x-worker-id': 'pi-1' }))!
    expect(await alice.status(id)).toMatchObject({ worker_id: 'pi-1' })
    await alice.fail(claim)
    expect(await alice.status(id)).toMatchObject({ status: 'dead', worker_id: 'pi-1' })
  })

  test('tell a worker that did not publish it neither', async () => {
    const id = await alice.publish({ visibility: 'public' })
    await bob.claim('', { 'x-worker-id': 'pi-1' })
    const seen = await bob.status(id)
    expect(seen.id).toBe(id)
    expect(seen).not.toHaveProperty('publisher')
    expect(seen).not.toHaveProperty('worker_id')
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Client, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus
let alice: Client
let bob: Client

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  alice = await bus.issue('alice')
  bob = await bus.issue('bob')
})

describe('a private intent', () => {
  test('is what an intent is unless it says public, and goes only to the key that published it', async () => {
    const id = await alice.publish()
    expect(await alice.status(id)).toMatchObject({ visibility: 'private' })
    expect(await bob.claim()).toBeNull()
    expect(await master.claim()).toBeNull()
    expect((await alice.claim())!.id).toBe(id)
  })

  test.each(['Public', 'PUBLIC', 'private ', '', 1, true])(
    'is what comes of the unknown visibility %j, and the answer says so in a header',
    async visibility => {
      const answer = await alice.post('/intent', { goal: 'work', payload: 1, visibility })
      expect(answer.status).toBe(201)
      expect(answer.headers.get('x-intent-warning')).toContain('the intent is private')
      expect(await bob.claim()).toBeNull()
      const intents = [
        { goal: 'a', payload: 1 },
        { goal: 'b', payload: 1, visibility },
      ]
      const many = await alice.post('/intents', { intents })
      expect(many.headers.get('x-intent-warning')).toMatch(/^intents\[1\]: /)
    },
  )

  test.each([undefined, null, 'private', 'public'])('of %j has no such header', async visibility => {
    const answer = await alice.post('/intent', { goal: 'work', payload: 1, visibility })
    expect(answer.headers.get('x-intent-warning')).toBeNull()
  })

  test('of the master key is not for an issued key', async () => {
    const id = await master.publish({ visibility: 'private' })
    expect(await alice.claim()).toBeNull()
    expect((await master.claim())!.id).toBe(id)
  })

  test('stays private after a failure and after a retry by an admin', async () => {
    bus.chance.always = 0
    const claim = await alice.claimed({ max_attempts: 2, backoff_base: 1 })
    await alice.fail(claim)
    await bus.clock.advance(2000)
    expect(await bob.claim()).toBeNull()
    await alice.fail((await alice.claim())!)
    await bus.admin.post(`/admin/intents/${claim.id}/retry`)
    expect(await bob.claim()).toBeNull()
    expect((await alice.claim())!.id).toBe(claim.id)
  })

  test('stays private across a restart', async () => {
    const bus = await busForTest()
    const [publisher, other] = [await bus.issue(), await bus.issue()]
    const id = await publisher.publish()
    await bus.restart()
    expect(await bus.nobody.claim('', other.headers)).toBeNull()
    expect(await bus.nobody.claim('', publisher.headers)).toMatchObject({ id })
  })
})

test('a public intent goes to any key, in one order with a key’s own private ones', async () => {
  const first = await alice.publish({ visibility: 'public' })
  const own = await bob.publish()
  await alice.publish()
  const last = await master.publish({ visibility: 'public' })
  const taken = [await bob.claim(), await bob.claim(), await bob.claim(), await bob.claim()]
  expect(taken.map(claim => claim?.id)).toEqual([first, own, last, undefined])
})

test('a key that is issued after another was revoked does not inherit what that one published', async () => {
  const id = await alice.publish()
  await bus.admin.post('/admin/revoke_key', { api_key: alice.key })
  await bus.admin.post('/admin/revoke_key', { api_key: bob.key })
  const carol = await bus.issue('carol')
  expect(await carol.claim()).toBeNull()
  expect((await carol.get(`/status/${id}`)).status).toBe(403)
})

describe('?publisher=', () => {
  const from = (key: string) => `?publisher=${encodeURIComponent(key)}`

  test('with the own key narrows a claim to what that key published, private and public', async () => {
    await bob.publish({ visibility: 'public', priority: 1000 })
    const ids = [await alice.publish(), await alice.publish({ visibility: 'public' })]
    const taken = [await alice.claim(from(alice.key)), await alice.claim(from(alice.key))]
    expect(taken.map(claim => claim?.id)).toEqual(ids)
    expect(await alice.claim(from(alice.key))).toBeNull()
    expect(await alice.claim()).not.toBeNull()
  })

  test('opens the private intents of an issued key to the master key, and no others', async () => {
    const id = await alice.publish()
    await bob.publish()
    await master.publish({ visibility: 'public', priority: 1000 })
    expect(await master.claim(from(alice.key))).toMatchObject({ id })
    expect(await master.claim(from(alice.key))).toBeNull()
  })

  test('of the master key itself narrows to its own', async () => {
    await alice.publish({ visibility: 'public', priority: 1000 })
    const id = await master.publish()
    expect(await master.claim(from(master.key))).toMatchObject({ id })
    expect(await master.claim(from(master.key))).toBeNull()
  })

  test('with any other key is forbidden to an issued key, whether or not that key exists', async () => {
    const id = await bob.publish({ visibility: 'public' })
    for (const key of [bob.key, master.key, 'tk_unheard-of', `${alice.key}x`]) {
      const answer = await alice.post(`/claim${from(key)}`)
      expect(refusal(answer)).toMatchObject({ status: 403, code: 'forbidden' })
      expect(answer.text).not.toContain(key)
    }
    expect(await alice.status(id)).not.toMatchObject({ status: 'claimed' })
    expect(await bob.status(id)).toMatchObject({ status: 'open' })
  })

  test('with a key that does not exist, or no more, finds nothing for the master key', async () => {
    await master.publish({ visibility: 'public' })
    await alice.publish()
    await bus.admin.post('/admin/revoke_key', { api_key: alice.key })
    for (const key of ['tk_unheard-of', 'nonsense', alice.key]) {
      const answer = await master.post(`/claim${from(key)}`)
      expect(answer.status).toBe(204)
      expect(answer.headers.get('retry-after')).toBe('1')
    }
  })

  test('that is empty is as if it were not there', async () => {
    const id = await bob.publish({ visibility: 'public' })
    expect(await alice.claim('?publisher=')).toMatchObject({ id })
  })

  test('holds together with goal, namespace, worker and capabilities', async () => {
    await alice.publish({ priority: 1000 })
    const id = await alice.publish({
      goal: 'render',
      namespace: 'farm',
      target_worker: 'w1',
      required_capability: 'gpu',
    })
    const asked = `${from(alice.key)}&goal=render&namespace=farm&worker_id=w1`
    expect(await master.claim(asked)).toBeNull()
    expect(await master.claim(`${asked}&capabilities=gpu`)).toMatchObject({ id })
  })
})

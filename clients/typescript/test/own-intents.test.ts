import { ADMIN_TOKEN, busForFile, busForTest } from '@intent-bus/service/test/support/bus'
import { beforeEach, expect, test } from 'vitest'
import { IntentBus, type ListedIntent, type Moved } from '../src/index.ts'

const bus = await busForFile()
const issued = async (owner: string, of = bus) =>
  (await of.admin.post('/admin/generate_key', { owner })).json.api_key as string
let key: string
let alice: IntentBus
let bob: IntentBus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  key = await issued('alice')
  alice = new IntentBus({ url: bus.url, key })
  bob = new IntentBus({ url: bus.url, key: await issued('bob') })
})

async function all<Item>(list: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of list) items.push(item)
  return items
}

const idsOf = async (list: AsyncIterable<ListedIntent>) => (await all(list)).map(({ id }) => id)

test('a key lists what it published, newest first, in the names of this language', async () => {
  const first = await alice.publish('resize', 1, { maxAttempts: 2 })
  await bob.publish('resize', 1)
  const second = await alice.publish('mail', 2, { namespace: 'other', delay: 60 })
  const listed = await all(alice.intents())
  expect(listed.map(({ id }) => id)).toEqual([second.id, first.id])
  expect(listed[1]).toMatchObject({
    goal: 'resize',
    status: 'open',
    claimAttempts: 0,
    maxAttempts: 2,
    publisher: expect.stringContaining('(alice)'),
    workerId: null,
    createdAt: expect.any(Number),
  })
})

test('its list takes filters and the beginning of an id, and refuses what is none before it is sent', async () => {
  const { id } = await alice.publish('resize', 1)
  const later = await alice.publish('resize', 1, { delay: 60, namespace: 'other' })
  expect(await idsOf(alice.intents({ status: 'ready' }))).toEqual([id])
  expect(await idsOf(alice.intents({ namespace: 'other', goal: 'resize' }))).toEqual([later.id])
  expect(await idsOf(alice.intents({ id: id.slice(0, 16) }))).toEqual([id])
  expect(await idsOf(bob.intents({ id }))).toEqual([])
  expect(() => alice.intents({ goal: '' })).toThrow('goal takes a text that is not empty')
  expect(() => alice.intents({ stauts: 'open' } as never)).toThrow('stauts is not an option')
})

test('its list follows the pages to their end, and asks for no page that is not wanted', async () => {
  await alice.publishMany(Array.from({ length: 501 }, () => ({ goal: 'many', payload: null })))
  const asked: string[] = []
  const counting: typeof fetch = (url, init) => {
    asked.push(String(url))
    return fetch(url, init)
  }
  const counted = new IntentBus({ url: bus.url, key, fetch: counting })
  for await (const _ of counted.intents({ goal: 'many' })) break
  expect(asked).toHaveLength(1)
  expect(new Set(await idsOf(counted.intents({ goal: 'many' }))).size).toBe(501)
  expect(asked).toHaveLength(3)
})

test('a key cancels and opens again what it published, and nothing of others', async () => {
  const { id } = await alice.publish('resize', 1)
  expect(await alice.cancel(id)).toEqual({ ok: true, id, status: 'dead' } satisfies Moved)
  expect(await alice.cancel(id)).toMatchObject({ status: 'dead' })
  expect(await alice.status(id)).toMatchObject({ lastError: 'Cancelled by publisher' })
  expect(await alice.retry(id)).toEqual({ ok: true, id, status: 'open' } satisfies Moved)
  for (const call of [bob.cancel(id), bob.retry(id)])
    await expect(call).rejects.toMatchObject({ code: 'forbidden', status: 403 })
  await expect(alice.cancel('0'.repeat(32))).rejects.toMatchObject({ code: 'not_found' })
  expect((await alice.status(id)).status).toBe('open')
})

test('a cancel whose answer was lost is repeated; a retry then finds what it has opened, which is not_found', async () => {
  const { id } = await alice.publish('resize', 1)
  let lost = 0
  const losing: typeof fetch = async (url, init) => {
    const answer = await fetch(url, init)
    if (lost++ === 0) throw new TypeError('socket hang up')
    return answer
  }
  const clock = { now: () => 0, wall: Date.now, random: () => 0, sleep: async () => undefined }
  const far = new IntentBus({ url: bus.url, key, fetch: losing, clock })
  expect(await far.cancel(id)).toMatchObject({ status: 'dead' })
  lost = 0
  await expect(far.retry(id)).rejects.toMatchObject({ code: 'not_found' })
  expect((await far.status(id)).status).toBe('open')
})

test('list, cancel and retry are signed, for a bus that requires it', async () => {
  const strict = await busForTest({ BUS_REQUIRE_SIGNATURES: 'true' })
  strict.wallAheadMs = Date.now() - strict.clock.now()
  const signer = new IntentBus({ url: strict.url, key: await issued('carol', strict), sign: true })
  const { id } = await signer.publish('ünï & "goal"', 1)
  expect(await idsOf(signer.intents({ goal: 'ünï & "goal"' }))).toEqual([id])
  expect(await signer.cancel(id)).toMatchObject({ status: 'dead' })
  expect(await signer.retry(id)).toMatchObject({ status: 'open' })
})

test('dead letters are asked for by cause and since a time', async () => {
  const admin = new IntentBus({ url: bus.url, adminToken: ADMIN_TOKEN }).admin
  const { id } = await alice.publish('resize', 1)
  await alice.cancel(id)
  const since = bus.seconds()
  const found = async (filter: object) =>
    (await all(admin.deadLetters(filter))).map(({ intentId }) => intentId)
  expect(await found({ cause: 'cancelled', since: since - 10 })).toEqual([id])
  expect(await found({ cause: 'expired' })).toEqual([])
  expect(await found({ since: since + 10 })).toEqual([])
})

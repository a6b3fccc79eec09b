import { describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

const capped = await busForFile({ BUS_MAX_OPEN_INTENTS: '3', BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
const DAY_MS = 86_400_000

describe('an issued key may have so many open and claimed intents', () => {
  const full = { status: 429, code: 'limit_exceeded' }
  const tryPublish = (client: Client) => client.post('/intent', { goal: 'work', payload: 1 })

  test('open, delayed, backing off and claimed ones count; the next one is 429 with a short Retry-After', async () => {
    const client = await capped.issue()
    await client.fail(await client.claimed())
    await client.claimed()
    await client.publish({ delay: 60, namespace: 'elsewhere' })
    const refused = await tryPublish(client)
    expect(refusal(refused)).toMatchObject(full)
    expect(refusal(refused).message).toMatch(/It is 3: .* intent-bus keys change \d+ --open-limit 6$/)
    expect(refused.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/)
  })

  test.each([
    { ending: 'fulfilled', end: async (c: Client) => c.fulfil((await c.claim())!) },
    { ending: 'failed for good', end: async (c: Client) => c.fail((await c.claim())!) },
    { ending: 'expired', end: () => capped.clock.advance(DAY_MS) },
    {
      ending: 'abandoned in its last attempt',
      end: async (c: Client) => (await c.claim()) && capped.clock.advance(60_000),
    },
    { ending: 'cancelled', end: (_: Client, id: string) => capped.admin.post(`/admin/intents/${id}/cancel`) },
    { ending: 'purged', end: () => capped.admin.post('/admin/purge', { confirm: true, namespace: 'first' }) },
  ])('one that is $ending makes room for one more', async ({ ending, end }) => {
    const client = await capped.issue()
    const namespace = ending === 'purged' ? 'first' : 'default'
    const id = await client.publish({ max_attempts: 1, namespace })
    await client.publish({ delay: 10 * 86_400 })
    await client.publish({ delay: 10 * 86_400 })
    expect(refusal(await tryPublish(client))).toMatchObject(full)
    await end(client, id)
    expect((await tryPublish(client)).status).toBe(201)
    expect(refusal(await tryPublish(client))).toMatchObject(full)
  })

  test('the count is of one key, and the master key is not held to it', async () => {
    const [client, other] = [await capped.issue(), await capped.issue()]
    for (let i = 0; i < 3; i += 1) await client.publish()
    expect(refusal(await tryPublish(client))).toMatchObject(full)
    expect((await tryPublish(other)).status).toBe(201)
    for (let i = 0; i < 5; i += 1) expect((await tryPublish(capped.master)).status).toBe(201)
  })

  test('the count survives a restart', async () => {
    const client = await capped.issue()
    for (let i = 0; i < 3; i += 1) await client.publish()
    await capped.restart()
    expect(refusal(await tryPublish(new Client(capped.url, client.headers)))).toMatchObject(full)
  })

  test('unless the operator says otherwise, that is 2000', async () => {
    const client = await (await busForTest()).issue()
    for (let i = 0; i < 2000; i += 100) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => tryPublish(client)))
      expect(answers.filter(({ status }) => status !== 201)).toEqual([])
    }
    expect(refusal(await tryPublish(client))).toMatchObject(full)
  })

  test('publishes that race for the last places get no more than there are', async () => {
    const client = await capped.issue()
    const answers = await Promise.all(Array.from({ length: 12 }, () => tryPublish(client)))
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(201), ...Array(9).fill(429)])
  })
})

import { beforeEach, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'
import { type Claim, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const claims = async (query: string): Promise<Claim[]> => (await master.post(`/claim?${query}`)).json.intents

test('max=N answers up to N claims in the order of single ones, each with a token of its own', async () => {
  const ids = []
  for (const priority of [10, 500, 100, 900]) ids.push(await master.publish({ priority }))
  const taken = await claims('max=3')
  expect(taken.map(claim => claim.id)).toEqual([ids[3], ids[1], ids[2]])
  expect(new Set(taken.map(claim => claim.claim_token)).size).toBe(3)
  expect(taken[0]).toMatchObject({ goal: 'work', payload: {}, claim_attempts: 1, claim_timeout: 60 })
  expect((await claims('max=3')).map(claim => claim.id)).toEqual([ids[0]])
  for (const claim of taken) expect((await master.fulfil(claim)).status).toBe(200)
})

test('a batch out of several goals comes in the order of single claims, each with the token that settles it', async () => {
  const published: { id: string; goal: string; priority: number }[] = []
  for (let i = 0; i < 60; i += 1) {
    const goal = ['a', 'b', 'c', 'd'][((i * i) % 13) % 4]!
    // Long stretches of one goal, and quick changes.
    const priority = i < 20 ? 900 : (i * 37) % 31
    published.push({ id: await master.publish({ goal: i < 20 ? 'a' : goal, priority }), goal, priority })
  }
  const order = published.toSorted((x, y) => y.priority - x.priority).map(({ id }) => id)
  const taken = [...(await claims('max=45')), ...(await claims('max=45'))]
  expect(taken.map(({ id }) => id)).toEqual(order)
  const items = taken.map(({ id, claim_token }) => ({ id, claim_token }))
  const answers = (await master.post('/fulfill', { items })).json.items
  expect(answers).toEqual(order.map(id => ({ id, ok: true })))
})

test('max=1 has the same shape, and nothing to take is 204 as ever', async () => {
  const id = await master.publish()
  expect(await claims('max=1')).toMatchObject([{ id }])
  const empty = await master.post('/claim?max=5')
  expect([empty.status, empty.headers.get('retry-after'), empty.text]).toEqual([204, '1', ''])
})

test('with wait it answers as soon as there is anything', async () => {
  const answer = master.post('/claim?max=10&wait=60')
  const id = await master.publish()
  expect((await answer).json.intents).toMatchObject([{ id }])
})

test('expired intents are passed over, not counted', async () => {
  for (let i = 0; i < 3; i += 1) await master.publish()
  bus.clock.skip(86_400_000)
  const id = await master.publish({ priority: 1 })
  expect(await claims('max=100')).toMatchObject([{ id }])
})

test('nor is one that lies between others of its goal', async () => {
  const old = await master.publish({ priority: 50 })
  bus.clock.skip(86_400_000)
  const first = await master.publish({ priority: 100 })
  const last = await master.publish({ priority: 10 })
  expect((await claims('max=100')).map(({ id }) => id)).toEqual([first, last])
  expect(await master.status(old)).toMatchObject({ status: 'dead', last_error: 'expired' })
})

test.each(['0', '101', '-1', '1.5', 'many', '1e999'])('max=%s is refused by name', async max => {
  const { status, code, message } = refusal(await master.post(`/claim?max=${max}`))
  expect({ status, code }).toEqual({ status: 400, code: 'invalid_request' })
  expect(message).toContain('max takes a whole number from 1 to 100')
})

test('lease=S decides how long the claim lasts, and claim_timeout reports it', async () => {
  const id = await master.publish()
  expect(await master.claim('?lease=600')).toMatchObject({ id, claim_timeout: 600 })
  await bus.clock.advance(599_999)
  expect(await master.status(id)).toMatchObject({ status: 'claimed' })
  await bus.clock.advance(1)
  expect(await master.status(id)).toMatchObject({ status: 'open', last_error: 'Lease expired. Backing off.' })
})

test.each(['9', '3601', '60.5', 'long'])('lease=%s is refused by name', async lease => {
  const { status, code, message } = refusal(await master.post(`/claim?lease=${lease}`))
  expect({ status, code }).toEqual({ status: 400, code: 'invalid_request' })
  expect(message).toContain('lease takes a whole number of seconds from 10 to 3600')
})

import { beforeEach, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Claim, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

async function claimed(count: number): Promise<Claim[]> {
  const intents = Array.from({ length: count }, () => ({ goal: 'work', payload: {} }))
  await master.post('/intents', { intents })
  return (await master.post(`/claim?max=${count}`)).json.intents
}
const settle = async (verb: string, items: unknown[]) => (await master.post(`/${verb}`, { items })).json.items
const held = ({ id, claim_token }: Claim) => ({ id, claim_token })

test('fulfil: a result per item, in order, each for itself', async () => {
  const [a, b, c] = (await claimed(3)) as [Claim, Claim, Claim]
  const answer = await settle('fulfill', [
    { ...held(a), result: { n: 1 } },
    { ...held(b), claim_token: 'wrong' },
    { ...held(c), result: 'text', result_type: 'text' },
  ])
  expect(answer).toEqual([
    { id: a.id, ok: true },
    { id: b.id, ok: false, error: { code: 'not_found', message: expect.stringContaining('not found') } },
    { id: c.id, ok: true },
  ])
  expect((await master.get(`/result/${a.id}`)).json).toMatchObject({ status: 'fulfilled', result: { n: 1 } })
  expect((await master.get(`/result/${c.id}`)).json).toMatchObject({ result: 'text', result_type: 'text' })
  expect(await master.status(b.id)).toMatchObject({ status: 'claimed' })
})

test('fail and extend the same way', async () => {
  const [a, b] = (await claimed(2)) as [Claim, Claim]
  expect(
    await settle('extend_claim', [
      { ...held(a), seconds: 600 },
      { ...held(b), seconds: 1 },
    ]),
  ).toEqual([
    { id: a.id, ok: true, extended_by: 600 },
    { id: b.id, ok: true, extended_by: 10 },
  ])
  expect(await settle('fail', [{ ...held(a), error: 'it broke' }, held(b)])).toEqual([
    { id: a.id, ok: true },
    { id: b.id, ok: true },
  ])
  expect(await master.status(a.id)).toMatchObject({ status: 'open', last_error: 'it broke' })
  expect(await master.status(b.id)).toMatchObject({ status: 'open', last_error: 'unknown' })
})

test('an item has the errors of the single call, and stops nobody', async () => {
  const [a, b] = (await claimed(2)) as [Claim, Claim]
  const answer = await settle('fulfill', [
    { id: a.id },
    { id: 'nonsense', claim_token: 'x' },
    { claim_token: 'x' },
    { ...held(a), result: 'x'.repeat(70_000) },
    { ...held(a), result_type: 'xml' },
    held(b),
  ])
  expect(answer.map((each: { error?: { code: string } }) => each.error?.code)).toEqual([
    'invalid_request',
    'not_found',
    'not_found',
    'result_too_large',
    'invalid_result_type',
    undefined,
  ])
  expect(answer.map((each: { id: string | null }) => each.id)).toEqual([
    a.id,
    'nonsense',
    null,
    a.id,
    a.id,
    b.id,
  ])
  expect(await master.status(a.id)).toMatchObject({ status: 'claimed' })
})

test('the same lease twice in one batch is settled once', async () => {
  const [a] = (await claimed(1)) as [Claim]
  const answer = await settle('fulfill', [held(a), held(a)])
  expect(answer.map((each: { ok: boolean }) => each.ok)).toEqual([true, false])
})

test('metrics count every item', async () => {
  const before = (await bus.metric('intent_bus_fulfilled_total{namespace="default"}'))!
  const claims = await claimed(5)
  await settle('fulfill', claims.map(held))
  expect(await bus.metric('intent_bus_fulfilled_total{namespace="default"}')).toBe(before + 5)
})

test.each(['fulfill', 'fail', 'extend_claim'])('/%s takes a list of at most 1000', async verb => {
  expect(refusal(await master.post(`/${verb}`, {})).message).toContain('items takes a list')
  const many = Array(1001).fill({ id: '0'.repeat(32), claim_token: 'x' })
  expect(refusal(await master.post(`/${verb}`, { items: many }))).toMatchObject({ status: 400 })
  expect(refusal(await master.post(`/${verb}`, { items: [7] })).code).toBe('invalid_payload')
})

test('a batch may be larger than a single body, up to a limit of its own', async () => {
  const small = await busForTest({ BUS_MAX_BODY_BYTES: '70000', BUS_MAX_BATCH_BODY_BYTES: '200000' })
  const intents = (bytes: number) => ({
    intents: [{ goal: 'work', payload: {}, padding: 'x'.repeat(bytes) }],
  })
  expect((await small.master.post('/intents', intents(150_000))).status).toBe(201)
  expect(refusal(await small.master.post('/intents', intents(250_000)))).toMatchObject({ status: 413 })
})

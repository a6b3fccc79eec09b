import { beforeEach, describe, expect, test } from 'vitest'
import type { Op } from '../../store/operations.ts'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Answer, refusal } from '../support/client.ts'
import { nextOf, pagesFrom } from '../support/pages.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

const bus = await busForFile()
const { admin, master } = bus

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
})

const PATH = '/admin/dead'

async function cancelled(fields: object = {}): Promise<string> {
  const id = await master.publish(fields)
  await admin.post(`/admin/intents/${id}/cancel`)
  return id
}

async function gaveUp(fields: { namespace?: string }): Promise<string> {
  const claim = await master.claimed({ ...fields, max_attempts: 1 })
  await master.fail(claim)
  return claim.id
}

const idsOf = ({ json }: Answer): string[] => json.map((letter: { intent_id: string }) => letter.intent_id)

/** All pages, by their links. */
const pages = (path: string): Promise<string[][]> => pagesFrom(admin, path, idsOf)

describe('filters', () => {
  test('take the namespace, goal and reason to the letter, alone and together', async () => {
    const mail = await cancelled({ namespace: 'mail', goal: 'send' })
    const failed = await gaveUp({ namespace: 'mail' })
    const resize = await cancelled({ namespace: 'photos', goal: 'send & resize ü' })
    const goal = encodeURIComponent('send & resize ü')
    for (const [query, ids] of [
      ['namespace=mail', [failed, mail]],
      ['namespace=photos', [resize]],
      ['namespace=Mail', []],
      ['goal=send', [mail]],
      [`goal=${goal}`, [resize]],
      ['reason=Cancelled%20by%20admin', [resize, mail]],
      ['reason=unknown', [failed]],
      ['reason=Cancelled', []],
      ['cause=max_retries', [failed]],
      ['cause=cancelled', [resize, mail]],
      ['cause=expired', []],
      ['cause=cancelled&reason=unknown', []],
      ['namespace=mail&reason=Cancelled+by+admin', [mail]],
      ['namespace=mail&goal=work&reason=Cancelled+by+admin', []],
      ['shade=blue', [resize, failed, mail]],
    ] as const) {
      const answer = await admin.get(`${PATH}?${query}`)
      expect([query, idsOf(answer)]).toEqual([query, ids])
      expect(answer.headers.get('link')).toBeNull()
    }
  })

  test.each([
    ['namespace=', 'invalid_namespace', 'namespace'],
    ['namespace=a%20b', 'invalid_namespace', 'namespace'],
    ['namespace=a&namespace=b', 'invalid_namespace', 'namespace'],
    ['goal=', 'invalid_goal', 'goal'],
    [`goal=${'g'.repeat(257)}`, 'invalid_goal', 'goal'],
    ['reason=', 'invalid_request', 'reason'],
    ['cause=Cancelled', 'invalid_request', 'cause'],
    ['cause=', 'invalid_request', 'cause'],
    ['since=yesterday', 'invalid_request', 'since'],
    ['limit=0', 'invalid_request', 'limit'],
    ['limit=1001', 'invalid_request', 'limit'],
    ['limit=2.5', 'invalid_request', 'limit'],
    ['limit=ten', 'invalid_request', 'limit'],
    ['before=', 'invalid_request', 'before'],
    ['before=0', 'invalid_request', 'before'],
    ['before=-1', 'invalid_request', 'before'],
    ['before=nonsense', 'invalid_request', 'before'],
    [`before=${'9'.repeat(16)}`, 'invalid_request', 'before'],
    [`before=${'F'.repeat(32)}`, 'invalid_request', 'before'],
  ])('%s is 400 and names the field', async (query, code, field) => {
    const refused = refusal(await admin.get(`${PATH}?${query}`))
    expect(refused).toMatchObject({ status: 400, code })
    expect(refused.message).toMatch(new RegExp(`^${field} takes .*; (it got|[0-9a-f]{32} is none)`))
  })
})

test('the reasons of the version before, which were causes, are taken as causes', async () => {
  const failed = await master.claimed({ max_attempts: 1 })
  await master.fail(failed, { error: 'expired' })
  expect(idsOf(await admin.get(`${PATH}?reason=Max+retries+exceeded`))).toEqual([failed.id])
  expect(idsOf(await admin.get(`${PATH}?reason=expired`))).toEqual([])
})

test('since= leaves out what died before', async () => {
  const early = await cancelled()
  await bus.clock.advance(10_000)
  const late = await cancelled()
  const since = bus.clock.now() / 1000
  expect(idsOf(await admin.get(`${PATH}?since=${since}`))).toEqual([late])
  expect(idsOf(await admin.get(`${PATH}?since=${since - 10}`))).toEqual([late, early])
  expect(idsOf(await admin.get(`${PATH}?since=${since + 0.001}`))).toEqual([])
})

describe('pages', () => {
  test('follow one another by their links, which keep the filters, and the last one has none', async () => {
    const wanted: string[] = []
    for (let i = 0; i < 5; i += 1) {
      wanted.unshift(await cancelled({ namespace: 'mail', goal: 'send ü' }))
      await cancelled()
    }
    const path = `${PATH}?namespace=mail&goal=${encodeURIComponent('send ü')}&limit=2`
    expect(await pages(path)).toEqual([wanted.slice(0, 2), wanted.slice(2, 4), wanted.slice(4)])
    expect(await pages(`${PATH}?namespace=mail&limit=5`)).toEqual([wanted])
  })

  test('are 100 long when nothing else is said', async () => {
    for (let i = 0; i < 101; i += 1) await cancelled()
    expect((await pages(PATH)).map(page => page.length)).toEqual([100, 1])
    expect((await pages(`${PATH}?limit=1000`)).map(page => page.length)).toEqual([101])
  })

  test('may be asked for by the id of the last letter that was shown', async () => {
    const ids = [await cancelled(), await cancelled(), await cancelled()]
    expect(idsOf(await admin.get(`${PATH}?before=${ids[2]}`))).toEqual([ids[1], ids[0]])
    expect(idsOf(await admin.get(`${PATH}?before=${ids[0]}`))).toEqual([])
  })

  test('before the id of an intent that is not dead are 400, not the first page', async () => {
    await cancelled()
    for (const id of [await master.publish(), '0'.repeat(32)]) {
      const refused = refusal(await admin.get(`${PATH}?before=${id}`))
      expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(refused.message).toContain(`before takes the intent id of a dead letter; ${id} is none`)
    }
  })

  test('go on where they were, even when all that was shown is dropped, retried, or dead again', async () => {
    const ids: string[] = []
    for (let i = 0; i < 6; i += 1) ids.unshift(await cancelled())
    const first = await admin.get(`${PATH}?limit=2`)
    await admin.post(`${PATH}/drop`, { ids: idsOf(first) })
    const second = await admin.get(nextOf(first, PATH)!)
    expect(idsOf(second)).toEqual(ids.slice(2, 4))
    await admin.post(`${PATH}/retry`, { ids: idsOf(second) })
    for (const id of idsOf(second)) await admin.post(`/admin/intents/${id}/cancel`)
    const third = await admin.get(nextOf(second, PATH)!)
    expect(idsOf(third)).toEqual(ids.slice(4))
    expect(nextOf(third, PATH)).toBeNull()
  })

  test('look at 10,000 letters each, and are short or empty when nothing there fits', async () => {
    const [oldest, newest] = [{ namespace: 'rare' }, { namespace: 'rare' }]
    const first = await cancelled(oldest)
    await died(20_000)
    const last = await cancelled(newest)
    expect(await pages(`${PATH}?namespace=rare`)).toEqual([[last], [], [first]])
    expect(await pages(`${PATH}?namespace=nowhere`)).toEqual([[], [], []])
    expect((await pages(`${PATH}?namespace=crowd&limit=1000`)).map(page => page.length)).toEqual(
      Array(20).fill(1000),
    )
  })
})

/** Kills so many intents of the namespace `crowd`, past HTTP: it is the letters that matter here. */
async function died(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1000) {
    const ids = Array.from({ length: 1000 }, (_, i) => (done + i + 1).toString(16).padStart(32, '0'))
    const published = ids.map(id => publishOp(id, routeIn('crowd')))
    const cancels = ids.map((id): Op => ({ kind: 'cancel', id, publisher: null, nonce: null }))
    await bus.store.commit([...published, ...cancels], bus.clock.now())
  }
}

describe('retry and drop of many', () => {
  const missing = (id: string | null) => ({
    id,
    ok: false,
    error: { code: 'not_found', message: 'Dead letter not found.' },
  })

  test('answer for each in order, and leave alone what is not dead', async () => {
    for (const [verb, status] of [
      ['retry', 'open'],
      ['drop', 'dropped'],
    ] as const) {
      const done = await master.claimed()
      await master.fulfil(done)
      const held = await master.claimed()
      const open = await master.publish({ delay: 60 })
      const [one, two] = [await cancelled(), await cancelled()]
      const others = [done.id, held.id, open, 'nonsense', '']
      const before = await Promise.all([done.id, held.id, open].map(id => master.status(id)))

      const answer = await admin.post(`${PATH}/${verb}`, { ids: [two, ...others, one, one] })
      expect(answer.status).toBe(200)
      expect(answer.json).toEqual({
        items: [
          { ok: true, id: two, status },
          ...others.map(missing),
          { ok: true, id: one, status },
          missing(one),
        ],
      })
      expect(await Promise.all([done.id, held.id, open].map(id => master.status(id)))).toEqual(before)
      expect((await admin.get(PATH)).json).toEqual([])
      await admin.post('/admin/purge', { confirm: true })
    }
  })

  test.each(['retry', 'drop'])('%s: a thousand are one operation of one commit', async verb => {
    await died(1000)
    const ids = idsOf(await admin.get(`${PATH}?limit=1000`))
    const operations = () => bus.metric('intent_bus_commit_operations_sum')
    const before = await operations()
    const { json } = await admin.post(`${PATH}/${verb}`, { ids })
    expect(json.items.map(({ id, ok }: { id: string; ok: boolean }) => ok && id)).toEqual(ids)
    expect(await operations()).toBe(before! + 1)
  })

  test.each([
    [undefined, 'Missing ids'],
    [{}, 'Missing ids'],
    [{ ids: null }, 'it got null'],
    [{ ids: 'all' }, 'ids takes a list of at most 1000 intent ids'],
    [{ ids: [5] }, 'ids takes a list of at most 1000 intent ids'],
    [{ ids: Array(1001).fill('0'.repeat(32)) }, 'it got an array of 1001'],
  ])('of %j is 400', async (body, message) => {
    for (const verb of ['retry', 'drop']) {
      const refused = refusal(await admin.post(`${PATH}/${verb}`, body))
      expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(refused.message).toContain(message)
    }
  })

  test('of none is an empty list', async () => {
    for (const verb of ['retry', 'drop']) {
      const answer = await admin.post(`${PATH}/${verb}`, { ids: [] })
      expect([answer.status, answer.json]).toEqual([200, { items: [] }])
    }
  })

  test('retry opens anew, due now, with all attempts, and rouses who waits for it', async () => {
    const id = await gaveUp({ namespace: 'mail' })
    const waiting = master.claim('?namespace=mail&wait=60')
    while (bus.broker.waiting === 0) await bus.store.settled()
    await admin.post(`${PATH}/retry`, { ids: [id] })
    expect(await waiting).toMatchObject({ id, claim_attempts: 1 })
    expect((await admin.get(`${PATH}/${id}`)).status).toBe(404)
  })

  test('drop deletes the intent and its letter for good', async () => {
    const bus = await busForTest()
    const claim = await bus.master.claimed({ payload: 'of-the-dropped', namespace: 'mail' })
    await bus.master.fulfil(claim, { result: 'result-of-the-dropped' })
    await bus.admin.post(`/admin/intents/${claim.id}/cancel`)
    await bus.admin.post(`${PATH}/drop`, { ids: [claim.id] })
    for (let started = 0; started < 2; started += 1) {
      for (const path of [`/status/${claim.id}`, `/result/${claim.id}`]) {
        expect((await bus.master.get(path)).status).toBe(404)
      }
      for (const path of [`${PATH}/${claim.id}`, `/admin/intents/${claim.id}`]) {
        expect((await bus.admin.get(path)).status).toBe(404)
      }
      expect((await bus.admin.get('/admin/overview')).json).toMatchObject({ dead_letters: 0 })
      await bus.restart()
    }
  })

  test('nothing of what was dropped turns up in what is published later', async () => {
    const { admin, master } = await busForTest()
    for (let again = 0; again < 2; again += 1) {
      const claim = await master.claimed({ payload: again })
      await master.fulfil(claim, { result: again })
      expect((await master.get(`/result/${claim.id}`)).json.result).toBe(again)
      expect(idsOf(await admin.get(PATH))).toEqual([])
      expect((await admin.post(`/admin/intents/${claim.id}/cancel`)).status).toBe(200)
      expect(idsOf(await admin.get(PATH))).toEqual([claim.id])
      await admin.post(`${PATH}/drop`, { ids: [claim.id] })
    }
    const id = await master.publish()
    expect((await master.get(`/result/${id}`)).json).not.toHaveProperty('result')
  })

  test('drop leaves the idempotency key, which answers as after retention', async () => {
    const publish = () => master.publish({}, { 'idempotency-key': 'once' })
    const id = await publish()
    await admin.post(`/admin/intents/${id}/cancel`)
    await admin.post(`${PATH}/drop`, { ids: [id] })
    expect(await publish()).toBe(id)
    expect((await master.get(`/status/${id}`)).status).toBe(404)
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Answer, refusal } from '../support/client.ts'
import { pagesFrom } from '../support/pages.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

const bus = await busForFile()
const { admin, master } = bus

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
})

const PATH = '/admin/intents'
const idsOf = ({ json }: Answer): string[] => json.map(({ id }: { id: string }) => id)

/** All pages, by their links. */
const pages = (path: string): Promise<string[][]> => pagesFrom(admin, path, idsOf)

test('an intent is listed with all that is known of it but its payload and result', async () => {
  const { id } = await master.claimed({ goal: 'resize', payload: { secret: 1 } })
  const { payload: _, result_type: __, ...known } = (await admin.get(`${PATH}/${id}`)).json
  expect((await admin.get(PATH)).json).toEqual([known])
})

test('states, namespaces and goals are taken to the letter, alone and together', async () => {
  const own = await busForTest()
  const dead = async (fields: object) => {
    const id = await own.master.publish(fields)
    await own.admin.post(`${PATH}/${id}/cancel`)
    return id
  }
  const ids = {
    done: (await own.master.fulfil(await own.master.claimed({ goal: 'a' }))).json.id,
    died: await dead({ goal: 'a', namespace: 'mail' }),
    held: (await own.master.claimed({ goal: 'b', namespace: 'mail' })).id,
    later: await own.master.publish({ goal: 'b', delay: 60 }),
    now: await own.master.publish({ goal: 'send & more ü' }),
  }
  for (const [query, expected] of [
    ['', ['now', 'later', 'held', 'died', 'done']],
    ['status=open', ['now', 'later']],
    ['status=ready', ['now']],
    ['status=delayed', ['later']],
    ['status=claimed', ['held']],
    ['status=fulfilled', ['done']],
    ['status=dead', ['died']],
    ['namespace=mail', ['held', 'died']],
    ['goal=b', ['later', 'held']],
    [`goal=${encodeURIComponent('send & more ü')}`, ['now']],
    ['goal=b&namespace=mail&status=claimed', ['held']],
    ['goal=b&namespace=mail&status=open', []],
  ] as const) {
    const answer = await own.admin.get(`${PATH}?${query}`)
    expect([query, idsOf(answer)]).toEqual([query, expected.map(name => ids[name])])
  }
})

test('the beginning of an id finds it, among those that the other filters leave', async () => {
  const first = await master.publish({ goal: 'a' })
  const second = await master.publish({ goal: 'b' })
  await bus.clock.advance(1000)
  await master.publish()
  const found = async (query: string) => idsOf(await admin.get(`${PATH}?${query}`))
  const millisecond = first.slice(0, 12)
  expect(await found(`id=${first.slice(0, 16)}`)).toEqual([first])
  expect(await found(`id=${first}`)).toEqual([first])
  expect(await found(`id=${millisecond}`)).toEqual([second, first])
  expect(await found(`id=${millisecond}&limit=1`)).toEqual([second])
  expect(await found(`id=${millisecond}&goal=a&status=open`)).toEqual([first])
  expect(await found(`id=${'f'.repeat(16)}`)).toEqual([])
  expect(refusal(await admin.get(`${PATH}?id=${first}&before=${second}`)).message).toContain('one page')
})

test.each([
  [`id=${'a'.repeat(11)}`, 'invalid_request', 'id'],
  [`id=${'A'.repeat(16)}`, 'invalid_request', 'id'],
  ['status=', 'invalid_request', 'status'],
  ['status=lost', 'invalid_request', 'status'],
  ['status=open&status=dead', 'invalid_request', 'status'],
  ['namespace=a%20b', 'invalid_namespace', 'namespace'],
  ['goal=', 'invalid_goal', 'goal'],
  ['limit=0', 'invalid_request', 'limit'],
  ['limit=1001', 'invalid_request', 'limit'],
  ['before=nonsense', 'invalid_request', 'before'],
  [`before=${'0'.repeat(32)}`, 'invalid_request', 'before'],
])('%s is 400 and names the field', async (query, code, field) => {
  const refused = refusal(await admin.get(`${PATH}?${query}`))
  expect(refused).toMatchObject({ status: 400, code })
  expect(refused.message).toMatch(new RegExp(`^${field} takes .*; (it got|[0-9a-f]{32} is none)`))
})

describe('pages', () => {
  test('follow one another by their links, which keep the filters, and the last one has none', async () => {
    const wanted: string[] = []
    for (let i = 0; i < 5; i += 1) {
      wanted.unshift(await master.publish({ namespace: 'mail', goal: 'send ü' }))
      await master.publish()
    }
    const path = `${PATH}?namespace=mail&status=open&goal=${encodeURIComponent('send ü')}&limit=2`
    expect(await pages(path)).toEqual([wanted.slice(0, 2), wanted.slice(2, 4), wanted.slice(4)])
    expect(idsOf(await admin.get(`${PATH}?namespace=mail&before=${wanted[3]}`))).toEqual([wanted[4]])
  })

  test('look at 10,000 intents at most, and one in which nothing fits leads on all the same', async () => {
    const first = await master.publish({ namespace: 'rare' })
    await bus.store.commit(
      Array.from({ length: 10_001 }, (_, i) =>
        publishOp((i + 1).toString(16).padStart(32, '0'), routeIn('common')),
      ),
      bus.clock.now(),
    )
    const last = await master.publish({ namespace: 'rare' })
    expect(await pages(`${PATH}?namespace=rare`)).toEqual([[last], [first]])
    expect((await pages(`${PATH}?namespace=rarer`)).length).toBe(2)
  })
})

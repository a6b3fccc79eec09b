/** Damages one page of each kind, and holds what still works against the table in docs/durability.md. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { MARKER_END } from '../../store/sqlite/damage/marker.ts'
import { TestBus } from '../support/bus.ts'
import { Client } from '../support/client.ts'
import { NIGHTLY } from '../support/nightly.ts'
import { furnish, KeptPlace, NAMESPACES, pagesOf, Tried } from './damaged-pages.ts'

const ENV = { BUS_RATE_LIMIT: '1000000' }
const base = new KeptPlace()
let known: { ids: string[]; key: string }

beforeAll(async () => {
  const bus = new TestBus(ENV, base)
  await bus.start()
  known = await furnish(bus)
  await bus.stop()
})
afterAll(() => base.remove())

const ACTIVITIES = ['publishes', 'claims', 'settles', 'leases', 'values', 'reads', 'admin calls'] as const
type Activity = (typeof ACTIVITIES)[number]

type Promised = { starts: boolean; refused: readonly string[]; next: string }

/** By page, as the docs have it: `intents leaf`, or `lanes` for every kind of page. */
const TABLE = new Map(
  readFileSync(new URL('../../../docs/durability.md', import.meta.url), 'utf8')
    .split('### What still works when a page is damaged\n')[1]!
    .split('\n\n')
    .find(block => block.startsWith('| A page of'))!
    .split('\n')
    .slice(2)
    .flatMap(line => {
      const [, pages, refused, next] = line.split('|').map(cell => cell.trim())
      const promised: Promised = {
        starts: refused !== 'the bus does not start',
        refused: refused!.split(', '),
        next: next!,
      }
      return [...pages!.matchAll(/`([^`]+)`/g)].map(([, page]) => [page!, promised] as const)
    }),
)

test('the table knows every kind of page', () => {
  const kinds = pagesOf(base.path).map(({ name, kind }) => `${name} ${kind}`)
  expect(kinds.filter(kind => !TABLE.has(kind) && !TABLE.has(kind.split(' ')[0]!))).toEqual([])
  expect(kinds.length).toBeGreaterThan(35)
})

/** By day one of each line of the table, which takes a minute; by night all. */
const firstOfLine = (page: string, i: number, pages: string[]): boolean =>
  pages.findIndex(each => TABLE.get(each) === TABLE.get(page)) === i
const PAGES = [...TABLE.keys()].filter((...at) => NIGHTLY || firstOfLine(...at))

describe.each(PAGES)('damage in a page of %s', page => {
  test('costs what the table says, and nothing else', async () => {
    const damaged = pagesOf(base.path).filter(
      ({ name, kind }) => `${name} ${kind}` === page || (name === page && !TABLE.has(`${name} ${kind}`)),
    )
    expect(damaged.length).toBeGreaterThan(0)
    for (const each of damaged) {
      const place = base.copy()
      onTestFinished(() => place.remove())
      place.damage(each)
      const promised = TABLE.get(page)!
      const what = `${each.name} ${each.kind}`
      const { starts, refused, next } = await measured(place, what)
      expect(starts, what).toBe(promised.starts)
      expect(
        refused.filter(activity => !promised.refused.includes(activity)),
        what,
      ).toEqual([])
      expect([promised.next, 'starts'], what).toContain(next)
    }
  })
})

/** What a bus does with it. */
async function measured(place: KeptPlace, page: string): Promise<Promised> {
  const bus = new TestBus(ENV, place)
  const started = await startedOrNot(bus)
  if (started !== null) {
    expect(started).toMatch(/is damaged: |SQLITE_CORRUPT/)
    return { starts: false, refused: [], next: 'refuses' }
  }
  const tried = Object.fromEntries(ACTIVITIES.map(name => [name, new Tried()])) as Record<Activity, Tried>
  try {
    await load(bus, tried)
    await readAndAdminister(bus, tried)
    await endLeases(bus, tried)
    const { status, json } = await bus.nobody.get('/health/ready')
    expect(status).toBe(200)
    // No cell of the table may be met in silence: what was refused is known.
    const isNoted = place.has(`bus.db${MARKER_END}`)
    expect(json.warnings).toEqual(isNoted ? ['store_damaged'] : [])
    expect(isNoted || ACTIVITIES.every(name => !tried[name].wasRefused)).toBe(true)
  } finally {
    await bus.stop()
  }
  const refusal = await startedOrNot(bus)
  if (refusal !== null) expect(refusal).toMatch(/is damaged: .*corrupt-database\.md/)
  else {
    await purge(bus, page)
    await bus.stop()
  }
  const refused = ACTIVITIES.filter(name => tried[name].wasRefused)
  return {
    starts: true,
    refused,
    next: refusal === null ? 'starts' : 'refuses',
  }
}

/** Where no more than intents are lost, a purge is never refused: it leaves those. */
const INTENTS_ALONE = /^(intents|payloads|results) (leaf|overflow)$/

async function purge({ admin }: TestBus, page: string): Promise<void> {
  const tried = new Tried()
  tried.note(await admin.post('/admin/purge', { confirm: true, namespace: NAMESPACES[0] }), 200)
  tried.note(await admin.post('/admin/purge', { confirm: true }), 200)
  if (INTENTS_ALONE.test(page)) expect(tried.wasRefused, page).toBe(false)
}

async function startedOrNot(bus: TestBus): Promise<string | null> {
  try {
    await bus.start()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** Five clients at once, each in a namespace that has old work, and with new routes. */
async function load({ master }: TestBus, tried: Record<Activity, Tried>): Promise<void> {
  await Promise.all(
    NAMESPACES.slice(0, 5).map(async (namespace, i) => {
      for (let round = 0; round < 8; round += 1) {
        const route = {
          goal: `goal-${(round * 3) % 15}`,
          namespace: round % 3 ? namespace : `new-${i}-${round}`,
        }
        const payload = 'p'.repeat(100 + round * 50)
        tried.publishes.note(await master.post('/intent', { ...route, payload }), 201)
        const value = `value-${i * 50 + round * 3}`
        tried.values.note(await master.post(`/set/${value}`, { value: 'w'.repeat(200) }), 200)
        tried.values.note(await master.get(`/get/${value}`), 200, 404)
        const claim = tried.claims.note(await master.post(`/claim?namespace=${namespace}`), 200, 204)
        // All that is there was passed by.
        if (claim?.status === 204) tried.claims.check(false)
        if (claim?.status !== 200) continue
        const isDone = round % 2 === 1
        const settle = isDone
          ? master.fulfil(claim.json, { result: 'r'.repeat(300) })
          : master.fail(claim.json)
        tried.settles.note(await settle, 200)
      }
    }),
  )
}

async function readAndAdminister(bus: TestBus, tried: Record<Activity, Tried>): Promise<void> {
  const { master, admin } = bus
  for (let i = 0; i < known.ids.length; i += 40) {
    tried.reads.note(await master.get(`/status/${known.ids[i]}`), 200)
    tried.reads.note(await master.get(`/result/${known.ids[i]}`), 200)
  }
  const signer = new Client(bus.url, { 'x-api-key': known.key })
  for (let i = 0; i < 10; i += 1) {
    tried.reads.note(await signer.signed('GET', '/get/absent', '', { timestamp: bus.seconds() }), 404)
    tried['admin calls'].note(await admin.post('/admin/generate_key', { owner: `new-${i}` }), 201)
  }
  tried['admin calls'].note(await admin.get('/admin/dead'), 200)
  tried['admin calls'].note(await admin.post('/admin/cleanup'), 200)
}

async function endLeases(bus: TestBus, { leases }: Record<Activity, Tried>): Promise<void> {
  const held: string[] = []
  for (const namespace of NAMESPACES.slice(8)) {
    const { status, json } = await bus.master.post(`/claim?namespace=${namespace}`)
    if (status === 200) held.push(json.id)
  }
  await bus.passes(61_000)
  for (const id of held) {
    const { status, json } = await bus.master.get(`/status/${id}`)
    if (status === 200) leases.check(json.status !== 'claimed')
  }
}

import { expect, test } from 'vitest'
import { busForTest, type TestBus } from '../support/bus.ts'

const MANY = 2_000

/** One intent in each of so many namespaces, of which the last has two. */
async function fill(bus: TestBus): Promise<void> {
  for (let from = 0; from < MANY; from += 1000) {
    const intents = Array.from({ length: 1000 }, (_, i) => ({
      goal: 'g',
      payload: {},
      namespace: `n${from + i}`,
    }))
    expect((await bus.master.post('/intents', { intents })).status).toBe(201)
  }
  await bus.master.publish({ goal: 'g', namespace: `n${MANY - 1}` })
}

/** What the store is asked, and how many namespaces it answers with. */
function watch(bus: TestBus): { asked: string[]; answered: number[] } {
  const { store } = bus
  const [stats, room, depths] = [store.stats, store.room, store.depths]
  const seen = { asked: [] as string[], answered: [] as number[] }
  store.stats = () => {
    seen.asked.push('stats')
    return stats()
  }
  store.room = () => {
    seen.asked.push('room')
    return room()
  }
  store.depths = async (names, most) => {
    seen.asked.push('depths')
    const found = await depths.call(store, names, most)
    seen.answered.push(found.length)
    return found
  }
  return seen
}

test('with many namespaces the probe asks for none of them, and lists have an end', async () => {
  const bus = await busForTest()
  await fill(bus)
  const seen = watch(bus)

  expect((await bus.nobody.get('/health/ready')).status).toBe(200)
  expect(seen.asked).toEqual(['room'])

  const { json } = await bus.admin.get('/admin/overview')
  expect(json.namespace_count).toBe(MANY)
  expect(json.intents.open).toBe(MANY + 1)
  expect(json.namespaces).toHaveLength(50)
  expect(json.namespaces[0]).toMatchObject({ namespace: `n${MANY - 1}`, open: 2 })

  const { text } = await bus.admin.get('/admin/dashboard')
  expect(text).toContain('the 50 busiest of 2,000')
  await bus.admin.get('/metrics')
  expect(seen.answered.every(count => count <= 100)).toBe(true)
})

test('namespaces beyond the hundred that have a label are counted together, and none is left out', async () => {
  const bus = await busForTest()
  await fill(bus)
  await bus.restart()
  const { text } = await bus.admin.get('/metrics')
  const open = [...text.matchAll(/^intent_bus_namespace_depth\{namespace="([^"]+)",state="open"\} (\d+)$/gm)]
  expect(open.length).toBeLessThanOrEqual(101)
  expect(open.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(MANY + 1)
  expect(await bus.metric('intent_bus_depth{state="open"}')).toBe(MANY + 1)
})

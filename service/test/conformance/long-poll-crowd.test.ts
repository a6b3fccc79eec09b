import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'

const bus = await busForFile()
const { master } = bus

const few = <T>(...values: T[]) => fc.constantFrom(...values)
/** What a worker asks for, as a query, and what an intent asks of a worker. */
const worker = fc
  .record({
    goal: few('', 'notify', 'build'),
    worker_id: few('', 'pi', 'phone'),
    capabilities: few('', 'gpu', 'gpu,camera'),
  })
  .map(fields => `${new URLSearchParams(fields)}`)
const intent = fc.record({
  goal: few('notify', 'build'),
  target_worker: few(null, null, 'pi', 'phone'),
  required_capability: few(null, null, 'gpu', 'camera'),
  priority: few(1, 100, 900),
  delay: few(0, 0, 5),
})
const scene = fc.record({
  early: fc.array(worker, { maxLength: 8 }),
  intents: fc.array(intent, { maxLength: 10 }),
  late: fc.array(worker, { maxLength: 4 }),
})

/** Nothing is on its way, and nobody comes or goes. */
async function atRest(): Promise<void> {
  for (let quiet = 0, last = -1; quiet < 5; ) {
    await bus.store.settled()
    await setImmediate()
    quiet = bus.broker.queued === 0 && bus.broker.waiting === last ? quiet + 1 : 0
    last = bus.broker.waiting
  }
}

test('whoever comes, and whatever becomes ready when: no work lies ready that somebody waits for', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ early, intents, late }) => {
      const answers: { query: string; done: boolean; id: string | null }[] = []
      const join = (query: string) => {
        const entry: (typeof answers)[number] = { query, done: false, id: null }
        answers.push(entry)
        return master.claim(`?wait=60&${query}`).then(claim => {
          entry.done = true
          entry.id = claim?.id ?? null
        })
      }
      const pending = early.map(join)
      const published = intents.map(fields => master.publish(fields))
      pending.push(...late.map(join))
      const ids = await Promise.all(published)
      await atRest()
      await bus.clock.advance(5000)
      await atRest()

      for (const { query } of answers.filter(each => !each.done)) {
        expect(await master.claim(`?${query}`), query).toBeNull()
      }
      const taken = answers.map(each => each.id).filter(id => id !== null)
      expect(new Set(taken).size).toBe(taken.length)
      expect(ids).toEqual(expect.arrayContaining(taken))

      await bus.clock.advance(60_000)
      await Promise.all(pending)
      await bus.admin.post('/admin/purge', { confirm: true })
    }),
    { numRuns: 60 },
  )
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusProcess } from '@intent-bus/service/test/support/bus-process'
import { squatter } from '@intent-bus/service/test/support/ports'
import { expect, onTestFinished, test } from 'vitest'
import { IntentBus } from '../src/index.ts'

const JOBS = 60

/** A bus of its own that can be stopped and started again at the same address. */
async function restartable() {
  const dir = mkdtempSync(join(tmpdir(), 'bus-restarts-'))
  const { port, server } = await squatter()
  await new Promise(resolve => server.close(resolve))
  const start = async () => {
    const bus = new BusProcess(dir, { PORT: `${port}` })
    await bus.ready()
    return bus
  }
  const house = { bus: await start(), start, url: `http://127.0.0.1:${port}`, key: '' }
  house.key = /^BUS_SECRET=(.*)$/m.exec(readFileSync(join(dir, 'data/secrets.env'), 'utf8'))![1]!
  onTestFinished(async () => {
    await house.bus.kill()
    rmSync(dir, { recursive: true, force: true })
  })
  return house
}

test.each([
  ['told to stop', 'SIGTERM'],
  // A claim whose answer died with the bus holds its lease; the job comes back after it, and was never begun.
  ['killed', 'SIGKILL'],
] as const)(
  'a worker outlives a bus that is %s and started again: every job is done, and each once',
  async (_how, signal) => {
    const house = await restartable()
    const client = new IntentBus({ url: house.url, key: house.key, retries: 20 })
    const done = new Map<string, number>()
    const worker = client.worker(
      'work',
      async job => {
        done.set(job.id, (done.get(job.id) ?? 0) + 1)
        await new Promise(resolve => setTimeout(resolve, 10))
        return job.payload
      },
      { concurrency: 4, lease: 10, handleSignals: false },
    )
    const publications = Array.from({ length: JOBS }, (_, i) => ({
      goal: 'work',
      payload: i,
      backoffBase: 1,
    }))
    const published = await client.publishMany(publications)

    await client.result(published[JOBS / 4]!.id, { wait: 20 })
    house.bus.signal(signal)
    await house.bus.exited
    house.bus = await house.start()

    const results = await Promise.all(published.map(({ id }) => client.result(id, { wait: 40 })))
    expect(results.map(({ status, result }) => [status, result])).toEqual(
      results.map((_, i) => ['fulfilled', i]),
    )
    expect([...done.values()].filter(count => count > 1)).toEqual([])
    await worker.stop()
  },
  60_000,
)

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MASTER_KEY } from '../../test/support/bus-process.ts'
import { processorMs, startBus } from '../bench-bus.ts'
import { Connection, post, statusOf } from '../connection.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'
import { percentile } from '../statistics.ts'

const WAITERS = 100
const PUBLISHES_PER_SECOND = 100
const IDLE_WAITERS = 1000

const headers = `x-api-key: ${MASTER_KEY}\r\n`
const claim = post('/claim?wait=60&goal=bench', headers)

/** From the moment a publish is sent to the moment a waiting worker has the intent; and what a thousand waiters cost. */
export async function longPolls(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const { bus } = await startBus(join(directory, 'bus.db'))
  const latencies: number[] = []
  try {
    const workers = await Promise.all(Array.from({ length: WAITERS }, () => Connection.open(bus.port)))
    const publisher = await Connection.open(bus.port)
    for (const worker of workers) waitForWork(worker, latencies)
    await sleep(500)
    const publishes = scale.seconds * PUBLISHES_PER_SECOND
    for (let i = 0; i < publishes; i += 1) {
      const due = performance.now() + 1000 / PUBLISHES_PER_SECOND
      const body = `{"goal":"bench","payload":{"sentAt":${performance.now()}}}`
      await new Promise<void>(resolve => publisher.send(post('/intent', headers, body), () => resolve()))
      await sleep(Math.max(0, due - performance.now()))
    }
    await sleep(200)
    for (const connection of [...workers, publisher]) connection.close()

    const idle = await Promise.all(Array.from({ length: IDLE_WAITERS }, () => Connection.open(bus.port)))
    for (const worker of idle) waitForWork(worker, [])
    await sleep(1000)
    const before = processorMs(bus.pid)
    await sleep(scale.seconds * 1000)
    const after = processorMs(bus.pid)
    for (const connection of idle) connection.close()
    const share = before === null || after === null ? null : (after - before) / (scale.seconds * 1000)

    const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)]
    return {
      rows: [
        {
          what: `publish to claim, ${WAITERS} waiting, ${PUBLISHES_PER_SECOND} publishes/s`,
          measured: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms  (${latencies.length} of ${publishes})`,
          target: 'p50 <= 5 ms, p99 <= 25 ms',
          ok: p50 <= 5 && p99 <= 25 && latencies.length === publishes,
        },
        {
          what: `processor, ${IDLE_WAITERS} waiting and nothing to do`,
          measured: share === null ? 'not measured' : `${(share * 100).toFixed(2)} % of a core`,
          target: '<= 0.5 %',
          ok: share === null ? null : share <= 0.005,
        },
      ],
      raw: { latencies, idleShare: share },
    }
  } finally {
    await bus.kill()
  }
}

function waitForWork(worker: Connection, latencies: number[]): void {
  worker.send(claim, reply => {
    if (statusOf(reply) === 200) {
      latencies.push(performance.now() - Number(/"sentAt":([\d.]+)/.exec(reply)![1]))
    }
    waitForWork(worker, latencies)
  })
}

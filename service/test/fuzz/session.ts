/** A bus from its start to its end, with the requests in between. */
import { type Memory, WatchedBus } from '../support/turns/watched-bus.ts'
import { callsOf } from './document.ts'
import { type Finding, readFinding } from './findings.ts'
import { Fuzz } from './fuzz.ts'
import type { Options } from './options.ts'
import type { Slow } from './slowest.ts'

const MINUTE_MS = 60_000
/** By then all that is kept on purpose has been met once. */
const WARM_MINUTES = 10
/** A shorter run says little about memory. */
const JUDGED_MINUTES = 20
const MOST_GROWTH_MIB = 20

/** The limits of keys are tried elsewhere: here they would only stand in front of what is to be tried. */
const ENV = { BUS_AUTH_FAILURE_LIMIT: '1000000', BUS_BACKUP_KEEP: '60' }

export type Result = {
  requests: number
  statuses: ReadonlyMap<string, number>
  slowest: readonly Slow[]
  findings: readonly Finding[]
  /** Each of them is of one kind with others. */
  found: number
  health: { longestMs: number; asked: number }
  memory: ({ minute: number } & Memory)[]
}

/** @param say takes a line from time to time */
export async function fuzz(
  { minutes, seed, heapMib, turnMs, findings, replay }: Omit<Options, 'help'>,
  folder: string,
  say: (line: string) => void,
): Promise<Result> {
  const bus = await WatchedBus.start({ folder, heapMib, env: ENV })
  const calls = await callsOf(bus.base)
  const run = new Fuzz(bus, calls, { turnMs }, findings)
  const memory: Result['memory'] = []
  const told = setInterval(() => say(`${run.requests} requests, ${run.findings.count} findings`), MINUTE_MS)
  try {
    if (replay !== null) await run.replay(readFinding(replay, calls))
    else {
      const begun = performance.now()
      for (const minute of [Math.min(WARM_MINUTES, minutes / 2), minutes]) {
        await run.run(seed + memory.length, begun + minute * MINUTE_MS)
        memory.push({ minute, ...(await run.memory()) })
      }
      const grown = memory[1]!.residentMib - memory[0]!.residentMib
      if (minutes >= JUDGED_MINUTES && grown > MOST_GROWTH_MIB) {
        run.findings.add(`${grown.toFixed(1)} MiB more are resident than in minute ${memory[0]!.minute}`, [])
      }
    }
  } finally {
    clearInterval(told)
    run.close()
    await bus.child.kill()
  }
  const { requests, statuses, health } = run
  return {
    requests,
    statuses,
    slowest: run.slowest.all,
    findings: run.findings.all,
    found: run.findings.count,
    health: { longestMs: health.longestMs, asked: health.asked },
    memory,
  }
}

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { load } from './phases/load.ts'
import type { LoadSpec } from './phases/load-run.ts'

/** How fast the harness is when the bus costs nothing: a result near it is the harness's, not the bus's. */
export type Ceiling = { jobsPerSecond: number }

/** Enough to be told from noise, and a second at most. */
const JOBS = 4000
const ROUNDS = 3

/** Runs the same load against a bus that does nothing. The first rounds warm the harness up, for which it is run first. */
export async function measureCeiling(spec: LoadSpec, signal: AbortSignal): Promise<Ceiling | null> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./noop-bus.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout.once('data', line => resolve(Number(line)))
      child.once('error', reject)
    })
    const access = { ...spec.access, url: `http://127.0.0.1:${port}` }
    // Single claims, without a break: what is asked is how fast it can send and read.
    const profile = { ...spec.profile, jobs: JOBS }
    const still = { ...spec, access, profile, batch: 1, waitS: 0, rate: null, workMs: 0, verify: false }
    let best = 0
    for (let round = 0; round < ROUNDS && !signal.aborted; round += 1) {
      const { startedAt, endedAt, counts } = await load({ ...still, namespace: `ceiling-${round}` }, signal)
      best = Math.max(best, (counts.settled * 1000) / (endedAt - startedAt))
    }
    return signal.aborted ? null : { jobsPerSecond: best }
  } finally {
    child.kill()
  }
}

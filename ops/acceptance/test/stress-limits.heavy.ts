/** The bus in a tenth of a core and 512 MiB, as small containers are sold. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCage, readLimits } from '../stress/limits/limits.ts'
import type { Result } from '../stress/report/result.ts'
import { main } from '../stress/run.ts'

const LIMITS = 'cpu=0.1,memory=512M'
/**
 * How long to wait for an answer, in seconds. Node accepts one new connection in each turn of its event loop. On a slow machine with
 * 100 busy connections, the last of 100 new ones waits for more than 30 s.
 */
const PATIENT_S = 300

function canLimit(): boolean {
  try {
    openCage(readLimits(LIMITS), 'intent-bus-stress-try').remove()
    return true
  } catch {
    return false
  }
}

test.skipIf(!canLimit())(
  `the extreme profile at ${LIMITS}: every job done, no request lost`,
  async () => {
    const here = mkdtempSync(join(tmpdir(), 'stress-limits-'))
    onTestFinished(() => rmSync(here, { recursive: true, force: true }))
    const json = join(here, 'result.json')
    const code = await main([
      '--profile',
      'extreme',
      '--limits',
      LIMITS,
      '--no-ceiling',
      '--timeout',
      `${PATIENT_S}`,
      '--quiet',
      '--json',
      json,
    ])
    const { buses } = JSON.parse(readFileSync(json, 'utf8')) as Result
    const { load, process: used } = buses[0]!
    console.log(`${load!.jobsPerSecond} jobs/s, ready after ${used!.startMs} ms, by ${used!.limits!.by}`)
    expect(load).toMatchObject({ settled: 5000, successPercent: 100, counts: { networkErrors: 0 } })
    expect(code).toBe(0)
    // It was held back: else the limit was none.
    expect(used!.limits!.usage.throttledPeriods).toBeGreaterThan(100)
    expect(used!.limits!.usage).toMatchObject({ oomKills: 0 })
    // Nothing is left of the group.
    for (const root of ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup']) {
      const groups = existsSync(root) ? readdirSync(root) : []
      expect(groups.filter(name => name.startsWith('intent-bus-stress'))).toEqual([])
    }
  },
  2 * PATIENT_S * 1000,
)

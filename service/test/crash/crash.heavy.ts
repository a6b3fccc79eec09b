import { expect, test } from 'vitest'
import { NIGHTLY } from '../support/nightly.ts'
import { crash } from './crash.ts'

/** Each run has a seed of its own, so that the days add up. */
const KILLS = Number(process.env['CRASH_KILLS'] ?? (NIGHTLY ? 400 : 40))
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 31)

test(`${KILLS} kills under load break no promise (seed ${SEED})`, { timeout: 1_800_000 }, async () => {
  const { restartsMs, faults, ...report } = await crash(KILLS, SEED, () => {})
  const median = restartsMs[restartsMs.length >> 1]!
  console.log(report)
  console.log(`restart to ready: median ${median.toFixed(0)} ms, longest ${restartsMs.at(-1)!.toFixed(0)} ms`)
  expect(faults).toEqual([])
  // Else the load was not there when the kills were.
  expect(report.unknown).toBeGreaterThan(KILLS)
})

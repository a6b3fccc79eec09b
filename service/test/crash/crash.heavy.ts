import { expect, test } from 'vitest'
import { crash } from './crash.ts'

const KILLS = Number(process.env['CRASH_KILLS'] ?? 100)
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 31)

test(`${KILLS} kills under load break no promise (seed ${SEED})`, { timeout: 600_000 }, async () => {
  const { restartsMs, faults, ...report } = await crash(KILLS, SEED, () => {})
  const median = restartsMs[restartsMs.length >> 1]!
  console.log(report)
  console.log(`restart to ready: median ${median.toFixed(0)} ms, longest ${restartsMs.at(-1)!.toFixed(0)} ms`)
  expect(faults).toEqual([])
  // Else the load was not there when the kills were.
  expect(report.unknown).toBeGreaterThan(KILLS)
})

import { expect, test } from 'vitest'
import { drill } from '../drill/drill.ts'

const SEED = Number(process.env['DRILL_SEED'] ?? Date.now() % 2 ** 31)

test(`what was acknowledged before a backup is there after a kill, a wipe and a restore (seed ${SEED})`, async () => {
  const { proved, faults } = await drill(8000, SEED, () => {})
  console.log(proved.map(([what, how]) => `${what}: ${how}`).join('\n'))
  expect(faults).toEqual([])
  // Else nothing was proved.
  expect(Number.parseInt(proved[0]![1], 10)).toBeGreaterThan(200)
  expect(Number.parseInt(proved[1]![1], 10)).toBeGreaterThan(100)
})

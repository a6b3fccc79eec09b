import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Mover } from './importing.ts'
import { ALICE, GONE, OLD_MASTER } from './reference-file.ts'
import { broken } from './soundness.ts'

const RUNS = Number(process.env['IMPORT_RUNS'] ?? 40)

/** Seconds around now, and things that are no time. */
const time = (now: number) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: -3 * 86_400, max: 86_400 }).map(s => now + s) },
    fc.constantFrom(null, 0, -1, 1e300, 'soon'),
  )
const party = fc.constantFrom(OLD_MASTER, ALICE, GONE, null, '')
const count = fc.constantFrom<string | number | null>(0, 1, 3, 20, 21, -4, 2.7, null, 'many', 1e300)

const row = (now: number) =>
  fc.record(
    {
      id: fc.constantFrom(...Array.from({ length: 12 }, (_, i) => `${i}`.repeat(32).slice(0, 32)), 'AB', 'x'),
      status: fc.constantFrom('open', 'claimed', 'fulfilled', 'dead', 'failed', 'lost'),
      namespace: fc.constantFrom('default', 'other', null, '\0'),
      goal: fc.constantFrom('greet', ' mail ', '', '\0'),
      payload: fc.constantFrom('{}', '{"a": [1, 2 ]}', '1.0', 'NaN', '', '12345678901234567890123'),
      priority: count,
      claim_attempts: count,
      max_attempts: count,
      backoff_base: count,
      target_worker: fc.constantFrom('pi', '', null, 'a b'),
      required_capability: fc.constantFrom('gpu', '', null),
      claimed_by: party,
      claim_token: fc.constantFrom('f'.repeat(32), '', null),
      visibility: fc.constantFrom('private', 'public', null),
      last_error: fc.constantFrom('no paper', null),
      result: fc.constantFrom('{"a": 1}', 'oops', null),
      result_type: fc.constantFrom('json', 'text', null),
      created_at: time(now).map(at => at ?? now),
      run_at: time(now).map(at => at ?? now),
      claimed_at: time(now),
      claim_expires_at: time(now),
      failed_at: time(now),
      completed_at: time(now),
    },
    { requiredKeys: ['id', 'status'] },
  )

test('whatever stands in the rows, the database is sound, each row is told of, and a second time takes nothing', () => {
  const now = Date.now() / 1000
  const rows = fc.uniqueArray(row(now), { maxLength: 12, selector: each => each.id })
  const letters = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('0'.repeat(32), '1'.repeat(32), 'e'.repeat(32), 'y'),
      reason: fc.constantFrom('no paper', 'Cancelled by admin', 'Expired unclaimed', null),
      created_at: time(now),
    }),
    { selector: each => each.id },
  )
  fc.assert(
    fc.property(rows, letters, (intents, dead) => {
      const mover = new Mover().reference(file => {
        file.key(ALICE)
        for (const fields of intents) file.intent(fields)
        for (const { id, ...fields } of dead) file.letter(id, fields)
      })
      const dry = mover.run({ dry: true })
      const run = mover.run({ unseenMaster: true })
      expect(run.rows).toEqual(dry.rows)
      expect(run.rows.length).toBe(1 + intents.length + dead.length)
      expect(broken(mover.target)).toEqual([])
      expect(mover.run({ unseenMaster: true }).report.taken).toBe(0)
    }),
    { numRuns: RUNS },
  )
})

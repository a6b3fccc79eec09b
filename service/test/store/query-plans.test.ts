import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AUDIT_SQL } from '../../store/sqlite/audit-trail.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import { DETOUR_SQL } from '../../store/sqlite/damage/detour.ts'
import { DAMAGE_SQL } from '../../store/sqlite/damage/probes.ts'
import { DEAD_LETTER_SQL } from '../../store/sqlite/dead-letters.ts'
import { HOLDING_SQL } from '../../store/sqlite/key-holdings.ts'
import { LANE_SQL } from '../../store/sqlite/lane-statements.ts'
import { LISTING_SQL, READ_SQL } from '../../store/sqlite/reads.ts'
import { WRITE_SQL } from '../../store/sqlite/statements.ts'

const folder = mkdtempSync(join(tmpdir(), 'bus-plans-'))
const db = openWriting(join(folder, 'bus.db'), () => {})
afterAll(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

/** What the caller brought along, and not the table: rows of VALUES, a list as JSON. */
const BROUGHT = /^SCAN (CONSTANT ROW|\d+-ROW VALUES CLAUSE|\w+ VIRTUAL TABLE INDEX 1:)$/

/** The scans that are meant, by statement. Any other is a request that costs more than its size. */
const MEANT: Record<string, string> = {
  // Small tables, read whole: the lanes at start and for totals, what each key's values weigh, the issued keys, the row that counts them.
  busy: 'SCAN lanes',
  lanesUp: 'SCAN lanes',
  lanesDown: 'SCAN lanes',
  namespaces: 'SCAN lanes USING INDEX sqlite_autoindex_lanes_1',
  holdings: 'SCAN value_bytes',
  keys: 'SCAN api_keys',
  nextKeyId: 'SCAN sqlite_sequence',
  // An index of nothing but what is sought.
  empty: 'SCAN lanes USING INDEX lanes_empty',
  // Read whole, by its index alone, and only when damage is first seen.
  idsOf: 'SCAN intents USING COVERING INDEX sqlite_autoindex_intents_1',
  // The first rows, whatever is in them: FIRST_ROWS below.
  lapsedNonces: 'SCAN nonces',
  lapsedIdempotent: 'SCAN idempotency_keys',
}
const FIRST_ROWS = /\(SELECT n FROM \w+ ORDER BY n LIMIT \?\)/

const statements = [
  WRITE_SQL,
  READ_SQL,
  LISTING_SQL,
  AUDIT_SQL,
  DEAD_LETTER_SQL,
  LANE_SQL,
  HOLDING_SQL,
  DETOUR_SQL,
  DAMAGE_SQL,
].flatMap(sql => Object.entries<string>(sql))

test.each(statements)('%s neither scans a table nor sorts', (name, sql) => {
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(
    ...sql
      .split('?')
      .slice(1)
      .map(() => 1),
  ) as { detail: string }[]
  const details = plan.map(({ detail }) => detail)
  expect(details.filter(detail => detail.includes('TEMP B-TREE'))).toEqual([])
  const scans = details.filter(detail => detail.startsWith('SCAN') && !BROUGHT.test(detail))
  expect(scans).toEqual(name in MEANT ? [MEANT[name]] : [])
})

test('each scan that is meant is one of a statement that there is', () => {
  const names = new Set(statements.map(([name]) => name))
  expect(Object.keys(MEANT).filter(name => !names.has(name))).toEqual([])
})

test.each(['lapsedNonces', 'lapsedIdempotent'] as const)(
  '%s looks at the first rows, and no further',
  name => {
    expect(WRITE_SQL[name].replaceAll(/\s+/g, ' ')).toMatch(FIRST_ROWS)
  },
)

test('the next intents of a lane are the first entries of the index of ready work', () => {
  const search = (sql: string, ...values: number[]) =>
    (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[])[0]!.detail
  const first = 'SEARCH intents USING INDEX intents_ready (lane=?)'
  expect(search(LANE_SQL.head, 1)).toBe(first)
  expect(search(WRITE_SQL.nextReadyOf, 1, 1)).toBe(first)
})

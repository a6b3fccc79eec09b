import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AUDIT_SQL } from '../../store/sqlite/audit-trail.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import { DETOUR_SQL } from '../../store/sqlite/damage/detour.ts'
import { DAMAGE_SQL } from '../../store/sqlite/damage/probes.ts'
import { DEAD_LETTER_SQL } from '../../store/sqlite/dead-letters.ts'
import { HOLDING_SQL } from '../../store/sqlite/key-holdings.ts'
import { LANE_SQL } from '../../store/sqlite/lane-statements.ts'
import { LISTING_SQL, READ_SQL } from '../../store/sqlite/reads.ts'
import { WRITE_SQL } from '../../store/sqlite/statements.ts'

const db = openWriting(join(mkdtempSync(join(tmpdir(), 'bus-plans-')), 'bus.db'), () => {})

/**
 * Read whole, on purpose, and small: the lanes at start, what each key's values weigh, the issued keys, the row or two that count them.
 * Walked in key order, a page at a time: the rest.
 */
const WHOLE = new Set(['busy', 'namespaces', 'lanesUp', 'lanesDown', 'holdings', 'keys', 'nextKeyId'])
/** Read whole, by its index alone, and only when damage is first seen. */
const ONCE = new Set(['idsOf'])
/** What the caller brought along, and not the table: rows of VALUES, a list as JSON. */
const BROUGHT = /^SCAN (CONSTANT ROW|\d+-ROW VALUES CLAUSE|\w+ VIRTUAL TABLE INDEX 1:)$/
const BY_INDEX = /^SCAN intents USING COVERING INDEX /
const PAGED = /SCAN (nonces|idempotency_keys|d|i|lanes USING INDEX lanes_empty)$/

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
  for (const { detail } of plan) {
    expect(detail).not.toContain('TEMP B-TREE')
    if (WHOLE.has(name)) continue
    if (ONCE.has(name) && BY_INDEX.test(detail)) continue
    if (PAGED.test(detail)) expect(sql).toMatch(/LIMIT \?/)
    else if (!BROUGHT.test(detail)) expect(detail).not.toMatch(/^SCAN/)
  }
})

test('the next intents of a lane are the first entries of the index of ready work', () => {
  const search = (sql: string, ...values: number[]) =>
    (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[])[0]!.detail
  const first = 'SEARCH intents USING INDEX intents_ready (lane=?)'
  expect(search(LANE_SQL.head, 1)).toBe(first)
  expect(search(WRITE_SQL.nextReadyOf, 1, 1)).toBe(first)
})

import type { Database, Statement } from 'better-sqlite3'
import {
  type Ask,
  claimOrder,
  groupsFor,
  groupsOf,
  type Head,
  type KeyId,
  type Route,
  routeKey,
} from '../../intent/routing.ts'
import type { Depth, Readied } from '../store.ts'
import { LaneGroup } from './lane-groups.ts'
import { type RouteRow, routeOf } from './route-rows.ts'
import { CLAIMED, DEAD, DELAYED, FULFILLED, READY } from './states.ts'

export type Tally = { open: number; claimed: number; fulfilled: number; dead: number }
export type LaneHead = Head & { expiresAt: number }

export type Lane = Tally & {
  readonly id: number
  readonly route: Route
  readonly key: string
  readonly groups: LaneGroup<Lane>[]
  head: LaneHead | null
  /** Whether this commit changed the tallies. */
  touched: boolean
  /** Intents that this commit made ready. */
  readied: number
}

type LaneRow = Tally & RouteRow & { id: number }
type HeadRow = { n: number; priority: number; run_at: number; attempts: number; expires_at: number }

const TALLY_OF = {
  [DELAYED]: 'open',
  [READY]: 'open',
  [CLAIMED]: 'claimed',
  [FULFILLED]: 'fulfilled',
  [DEAD]: 'dead',
} as const
type StateCode = keyof typeof TALLY_OF

/**
 * Every lane, in memory: its tallies and its best ready intent. The tables are the truth; this is rebuilt from them
 * at start (one probe per lane) and whenever a commit failed. A lane is collected when nothing is left in it.
 */
export class Lanes {
  readonly #byKey = new Map<string, Lane>()
  readonly #byId = new Map<number, Lane>()
  readonly #groups = new Map<string, LaneGroup<Lane>>()
  readonly #unsettled = new Map<KeyId, number>()
  readonly #touched: Lane[] = []
  readonly #readied: Lane[] = []
  readonly #sql: ReturnType<typeof prepare>

  constructor(db: Database) {
    this.#sql = prepare(db)
    this.reload()
  }

  get size(): number {
    return this.#byId.size
  }

  reload(): void {
    for (const map of [this.#byKey, this.#byId, this.#groups, this.#unsettled]) map.clear()
    this.#touched.length = 0
    this.#readied.length = 0
    for (const row of this.#sql.all.iterate()) {
      const lane = this.#add(row.id, routeOf(row), row)
      if (lane.open > 0) this.#rank(lane, this.#probe(lane))
      this.#countUnsettled(lane.route.publisher, lane.open + lane.claimed)
    }
  }

  get(id: number): Lane {
    const lane = this.#byId.get(id)
    if (lane === undefined) throw new Error(`lane ${id} is not there`)
    return lane
  }

  /** Finds the lane of a route, or makes it. */
  intern(route: Route): Lane {
    const known = this.#byKey.get(routeKey(route))
    if (known !== undefined) return known
    const id = this.#sql.insert.run(
      route.namespace,
      route.publisher,
      route.visibility === 'public' ? 1 : 0,
      route.goal,
      route.targetWorker ?? '',
      route.requiredCapability ?? '',
    ).lastInsertRowid as number
    return this.#add(id, route, { open: 0, claimed: 0, fulfilled: 0, dead: 0 })
  }

  /** The lane whose head a worker is to be given, or `undefined`. Costs a look per group it may draw from. */
  bestFor(ask: Ask): Lane | undefined {
    let best: Lane | undefined
    for (const key of groupsFor(ask)) {
      const lane = this.#groups.get(key)?.best()
      if (lane !== undefined && (best === undefined || claimOrder(lane.head!, best.head!) < 0)) best = lane
    }
    return best
  }

  /** A ready intent came into the lane. */
  offer(lane: Lane, head: LaneHead): void {
    if (lane.readied === 0) this.#readied.push(lane)
    lane.readied += 1
    if (lane.head === null || claimOrder(head, lane.head) < 0) this.#rank(lane, head)
  }

  /** A ready intent left the lane; `sequence` says which. Only losing the head costs a probe. */
  withdraw(lane: Lane, sequence: number): void {
    if (lane.head?.sequence === sequence) this.#rank(lane, this.#probe(lane))
  }

  /** Keeps the tallies: an intent came from one state (`null`: it is new) into another (`null`: it was deleted). */
  move(lane: Lane, from: number | null, to: number | null): void {
    const left = from === null ? null : TALLY_OF[from as StateCode]
    const entered = to === null ? null : TALLY_OF[to as StateCode]
    if (left === entered) return
    if (left !== null) lane[left] -= 1
    if (entered !== null) lane[entered] += 1
    const unsettled = (tally: keyof Tally | null) => (tally === 'open' || tally === 'claimed' ? 1 : 0)
    this.#countUnsettled(lane.route.publisher, unsettled(entered) - unsettled(left))
    if (!lane.touched) {
      lane.touched = true
      this.#touched.push(lane)
    }
  }

  /** What came in since the last time this was asked. */
  takeReadied(): Readied[] {
    const readied = this.#readied.map(lane => ({ route: lane.route, count: lane.readied }))
    for (const lane of this.#readied) lane.readied = 0
    this.#readied.length = 0
    return readied
  }

  /** Intents of a key that are open or claimed. */
  unsettled(keyId: KeyId): number {
    return this.#unsettled.get(keyId) ?? 0
  }

  /** Writes the tallies that changed; the last thing a commit does. */
  flush(): void {
    for (const lane of this.#touched) {
      lane.touched = false
      this.#sql.tally.run(lane.open, lane.claimed, lane.fulfilled, lane.dead, lane.id)
    }
    this.#touched.length = 0
  }

  /** Forgets up to `limit` lanes that hold nothing any more. */
  collect(limit: number): void {
    for (const { id } of this.#sql.empty.all(limit)) {
      const lane = this.#byId.get(id)
      // The row may lag behind the tallies until the commit's flush.
      if (lane === undefined || lane.open + lane.claimed + lane.fulfilled + lane.dead > 0) continue
      this.#sql.remove.run(id)
      this.#byId.delete(id)
      this.#byKey.delete(lane.key)
      for (const [i, key] of groupsOf(lane.route).entries()) {
        lane.groups[i]!.members -= 1
        if (lane.groups[i]!.members === 0) this.#groups.delete(key)
      }
    }
  }

  depth(): Depth[] {
    const found = new Map<string, Depth>()
    for (const lane of this.#byId.values()) {
      const { namespace } = lane.route
      const depth = found.get(namespace) ?? { namespace, open: 0, claimed: 0, fulfilled: 0, dead: 0 }
      found.set(namespace, depth)
      depth.open += lane.open
      depth.claimed += lane.claimed
      depth.fulfilled += lane.fulfilled
      depth.dead += lane.dead
    }
    return [...found.values()]
  }

  #add(id: number, route: Route, tally: Tally): Lane {
    const { open, claimed, fulfilled, dead } = tally
    const groups = groupsOf(route).map(key => {
      const group = this.#groups.get(key) ?? new LaneGroup<Lane>()
      this.#groups.set(key, group)
      group.members += 1
      return group
    })
    const key = routeKey(route)
    const lane: Lane = {
      id,
      route,
      key,
      groups,
      open,
      claimed,
      fulfilled,
      dead,
      head: null,
      touched: false,
      readied: 0,
    }
    this.#byId.set(id, lane)
    this.#byKey.set(key, lane)
    return lane
  }

  #rank(lane: Lane, head: LaneHead | null): void {
    lane.head = head
    for (const group of lane.groups) group.update(lane)
  }

  #probe(lane: Lane): LaneHead | null {
    const row = this.#sql.head.get(lane.id)
    if (row === undefined) return null
    return {
      priority: row.priority,
      runAt: row.run_at,
      attempts: row.attempts,
      sequence: row.n,
      expiresAt: row.expires_at,
    }
  }

  #countUnsettled(keyId: KeyId, change: number): void {
    if (change === 0) return
    const left = (this.#unsettled.get(keyId) ?? 0) + change
    if (left === 0) this.#unsettled.delete(keyId)
    else this.#unsettled.set(keyId, left)
  }
}

export const LANE_SQL = {
  all: `SELECT id, namespace, publisher, public, goal, target_worker, required_capability, open, claimed, fulfilled, dead
        FROM lanes`,
  insert: `INSERT INTO lanes (namespace, publisher, public, goal, target_worker, required_capability)
           VALUES (?, ?, ?, ?, ?, ?)`,
  tally: `UPDATE lanes SET open = ?, claimed = ?, fulfilled = ?, dead = ? WHERE id = ?`,
  // The unary plus keeps SQLite's STAT4 from preparing this anew for each bound value: 9-15 us without, 1 us with.
  head: `SELECT n, priority, run_at, attempts, expires_at
         FROM intents INDEXED BY intents_ready
         WHERE lane = +? AND state = 1
         ORDER BY priority DESC, run_at, attempts, n
         LIMIT 1`,
  empty: `SELECT id FROM lanes WHERE open = 0 AND claimed = 0 AND fulfilled = 0 AND dead = 0 LIMIT ?`,
  remove: `DELETE FROM lanes WHERE id = ?`,
}

function prepare(db: Database) {
  return {
    all: db.prepare(LANE_SQL.all) as Statement<[], LaneRow>,
    insert: db.prepare(LANE_SQL.insert),
    tally: db.prepare(LANE_SQL.tally),
    head: db.prepare(LANE_SQL.head) as Statement<[number], HeadRow>,
    empty: db.prepare(LANE_SQL.empty) as Statement<[number], { id: number }>,
    remove: db.prepare(LANE_SQL.remove),
  }
}

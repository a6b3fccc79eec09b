import type { Database } from 'better-sqlite3'
import { WIRE_STATES } from '../../intent/lifecycle.ts'
import { type Ask, claimOrder, groupsFor, groupsOf, type Route, routeKey } from '../../intent/routing.ts'
import type { GoalDepth } from '../records.ts'
import type { Readied } from '../store.ts'
import type { Damage } from './damage/damage.ts'
import type { Detour } from './damage/detour.ts'
import { traced } from './damage/tracing.ts'
import { GoalLoads } from './goal-loads.ts'
import type { KeyHoldings } from './key-holdings.ts'
import { headOf, isWork, type Lane, type LaneHead, type StateCode, TALLY_OF } from './lane.ts'
import { LaneGroup } from './lane-groups.ts'
import { LANE_SQL, type LaneRow, prepareLaneStatements } from './lane-statements.ts'
import { NamespaceDepths } from './namespace-depths.ts'
import { routeOf } from './route-rows.ts'

/** Lanes without open or claimed work that are kept in memory: 3 KB each. */
const MOST_IDLE = 10_000

/**
 * Lanes with work in them that lies open or is claimed, in memory: their tallies and best ready intents. A lane where all
 * is done is remembered for a while, and read again when it is needed. The tables are the truth; this is rebuilt from
 * them at start (one probe per lane) and whenever a commit failed. A lane is collected when nothing is left in it.
 */
export class Lanes {
  readonly #byKey = new Map<string, Lane>()
  readonly #byId = new Map<number, Lane>()
  readonly #groups = new Map<string, LaneGroup<Lane>>()
  readonly depths = new NamespaceDepths()
  readonly #loads = new GoalLoads()
  readonly #holdings: KeyHoldings
  readonly #touched: Lane[] = []
  readonly #readied: Lane[] = []
  /** In the order in which they fell idle. */
  readonly #idle = new Set<Lane>()
  readonly #damage: Damage
  readonly #detour: Detour
  readonly #statements: ReturnType<typeof prepareLaneStatements>
  #sql: ReturnType<typeof prepareLaneStatements>

  /** Empty until it is loaded. */
  constructor(db: Database, holdings: KeyHoldings, damage: Damage, detour: Detour) {
    this.#statements = prepareLaneStatements(db)
    this.#sql = this.#statements
    this.#holdings = holdings
    this.#damage = damage
    this.#detour = detour
  }

  /** @param note of each statement that is about to be carried out; `null`: no note is taken */
  trace(note: ((text: string) => void) | null): void {
    this.#sql = note === null ? this.#statements : traced(this.#statements, LANE_SQL, note)
  }

  /** How many are in memory. */
  get resident(): number {
    return this.#byId.size
  }

  reload(): void {
    for (const map of [this.#byKey, this.#byId, this.#groups]) map.clear()
    this.depths.clear()
    this.#loads.clear()
    this.#holdings.reload()
    this.#idle.clear()
    this.#touched.length = 0
    this.#readied.length = 0
    if (this.#damage.isFound) {
      this.#loadWherePossible()
      return
    }
    for (const row of this.#sql.namespaces.iterate()) this.depths.load(row)
    for (const row of this.#sql.busy.iterate()) {
      const lane = this.#add(row)
      if (lane.open > 0) this.#rank(lane, this.#probe(lane))
    }
  }

  /** Row by row, outside of a transaction: what cannot be read is left out, and with it the work in it. */
  #loadWherePossible(): void {
    for (const row of this.#detour.lanes()) {
      this.depths.addLane(row.namespace)
      for (const state of WIRE_STATES) this.depths.move(row.namespace, null, state, row[state])
      if (row.open + row.claimed === 0) continue
      const lane = this.#add(row)
      const head = lane.open > 0 ? this.#detour.headWherePossible(lane.id) : null
      if (head !== null) this.#rank(lane, headOf(head))
    }
  }

  get(id: number): Lane {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const row = this.#sql.byId.get(id)
    if (row === undefined) throw new Error(`lane ${id} is not there`)
    return this.#remember(row)
  }

  /** Finds the lane of a route, or makes it. */
  intern(route: Route): Lane {
    const known = this.#byKey.get(routeKey(route))
    if (known !== undefined) return known
    const { namespace, publisher, goal } = route
    const open = route.visibility === 'public' ? 1 : 0
    const facts = [namespace, publisher, open, goal, route.targetWorker ?? '', route.requiredCapability ?? '']
    const found = this.#sql.byRoute.get(...facts)
    if (found !== undefined) return this.#remember(found)
    const id = this.#sql.insert.run(...facts).lastInsertRowid as number
    this.depths.addLane(namespace)
    return this.#remember(this.#sql.byId.get(id)!)
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

  /** The head of whichever other lane comes next, for a worker that is given `lane`. */
  rivalOf(lane: Lane, ask: Ask): LaneHead | null {
    let rival: LaneHead | null = null
    for (const key of groupsFor(ask)) {
      const head = this.#groups.get(key)?.bestBut(lane)?.head ?? null
      if (head !== null && (rival === null || claimOrder(head, rival) < 0)) rival = head
    }
    return rival
  }

  /** Ready intents came into the lane, `head` the first of them. */
  offer(lane: Lane, head: LaneHead, count = 1): void {
    if (this.#damage.has(head.sequence) || this.#detour.isLost(lane.id)) return
    this.announce(lane, count)
    if (lane.head === null || claimOrder(head, lane.head) < 0) this.#rank(lane, head)
  }

  announce(lane: Lane, count = 1): void {
    if (lane.readied === 0) this.#readied.push(lane)
    lane.readied += count
  }

  /** The best ready intents left the lane; `head` is the next one. */
  advance(lane: Lane, head: LaneHead | null): void {
    this.#rank(lane, head)
  }

  /** A ready intent left the lane; `sequence` says which. Only losing the head costs a probe. */
  withdraw(lane: Lane, sequence: number): void {
    if (lane.head?.sequence === sequence) this.#rank(lane, this.#probe(lane))
  }

  /**
   * Keeps the tallies: intents came from one state (`null`: they are new) into another (`null`: they were deleted).
   *
   * @param bytes of their payloads: counted if they begin to be open, or cease to
   */
  move(lane: Lane, from: number | null, to: number | null, count: number, bytes: number): void {
    const left = from === null ? null : TALLY_OF[from as StateCode]
    const entered = to === null ? null : TALLY_OF[to as StateCode]
    if (left === entered) return
    this.depths.move(lane.route.namespace, left, entered, count)
    if (left !== null) {
      lane[left] -= count
      if (isWork(left)) {
        lane.load[left] -= count
        lane.holding.unsettled -= count
      }
      if (left === 'open') this.#weigh(lane, -bytes)
    }
    if (entered !== null) {
      lane[entered] += count
      if (isWork(entered)) {
        lane.load[entered] += count
        lane.holding.unsettled += count
      }
      if (entered === 'open') this.#weigh(lane, bytes)
    }
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

  /** Writes the tallies that changed; the last thing a commit does. */
  flush(): void {
    for (const lane of this.#touched) {
      lane.touched = false
      this.#sql.tally.run(lane.open, lane.claimed, lane.fulfilled, lane.dead, lane.openBytes, lane.id)
      if (lane.open + lane.claimed === 0) this.#idle.add(lane)
      else this.#idle.delete(lane)
    }
    this.#touched.length = 0
    this.#holdings.flush()
    for (const lane of this.#idle) {
      if (this.#idle.size <= MOST_IDLE) break
      this.#forget(lane)
    }
  }

  /** Removes up to `limit` lanes in which nothing is left. */
  collect(limit: number): number {
    let gone = 0
    for (const { id, namespace } of this.#sql.empty.all(limit)) {
      const lane = this.#byId.get(id)
      // The row may lag behind the tallies until the commit's flush.
      if (lane?.touched) continue
      if (lane !== undefined) this.#forget(lane)
      this.#sql.remove.run(id)
      gone += 1
      this.depths.removeLane(namespace)
    }
    return gone
  }

  /** The goals with the most open and claimed intents. */
  busiestGoals(limit: number): GoalDepth[] {
    return this.#loads.busiest(limit)
  }

  #add(row: LaneRow): Lane {
    const route = routeOf(row)
    const groups = groupsOf(route).map(key => {
      const group = this.#groups.get(key) ?? new LaneGroup<Lane>()
      this.#groups.set(key, group)
      group.members += 1
      return group
    })
    const { id, open, claimed, fulfilled, dead } = row
    const tally = { open, claimed, fulfilled, dead }
    const lane: Lane = {
      id,
      route,
      key: routeKey(route),
      groups,
      load: this.#loads.join(route.namespace, route.goal, open, claimed),
      holding: this.#holdings.join(route.publisher, open + claimed, row.open_bytes),
      openBytes: row.open_bytes,
      ...tally,
      head: null,
      touched: false,
      readied: 0,
    }
    this.#byId.set(id, lane)
    this.#byKey.set(lane.key, lane)
    return lane
  }

  /** A lane that had been forgotten, or is new: idle until this commit's flush finds otherwise. */
  #remember(row: LaneRow): Lane {
    if (this.#damage.isFound) this.depths.know(row.namespace)
    const lane = this.#add(row)
    this.#idle.add(lane)
    return lane
  }

  #forget(lane: Lane): void {
    this.#idle.delete(lane)
    this.#byId.delete(lane.id)
    this.#byKey.delete(lane.key)
    this.#loads.leave(lane.load)
    this.#holdings.leave(lane.holding)
    for (const [i, key] of groupsOf(lane.route).entries()) {
      lane.groups[i]!.members -= 1
      if (lane.groups[i]!.members === 0) this.#groups.delete(key)
    }
  }

  #rank(lane: Lane, head: LaneHead | null): void {
    lane.head = head
    for (const group of lane.groups) group.update(lane)
  }

  #probe(lane: Lane): LaneHead | null {
    this.#damage.lane = lane.id
    const row = this.#damage.isFound ? this.#detour.head(lane.id) : this.#sql.head.get(lane.id)
    return row === undefined || row === null ? null : headOf(row)
  }

  #weigh(lane: Lane, bytes: number): void {
    lane.openBytes += bytes
    this.#holdings.countPayload(lane.holding, bytes)
  }
}

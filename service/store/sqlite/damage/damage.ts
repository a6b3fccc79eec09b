import type { Database } from 'better-sqlite3'
import type { DamageState } from '../../store.ts'
import { clearMarker, type Marker, RUNBOOK, type SetAside, writeMarker } from './marker.ts'
import { Probes } from './probes.ts'
import { partOf, tableOf } from './tables.ts'

/** Intents that are set aside one by one. Beyond it a whole part of the table is gone, and that is what is said. */
const MOST_SET_ASIDE = 1000
const IDS_NAMED = 10
/** Rows of intents on three pages, at most. */
const BESIDE = 200

/** What a read was about that has met damage. */
export type Met = { id: string } | { table: string }

export type DamageLog = { error(text: string): void }

/**
 * What is known to be damaged. An intent that cannot be read is set aside: claims and sweeps pass it by. Where no intent is to blame
 * the table is named, and with it the next start refuses. Both are noted beside the database.
 *
 * All it reads it reads outside of transactions: SQLite lets nothing be written in one that has met damage.
 */
export class Damage {
  /** Whether any was met: from then on the careful ways are taken (`detour.ts`). */
  isFound = false
  /** What is being read at the moment: the sequence of an intent, and the lane in which one is looked for; 0: none. */
  intent = 0
  lane = 0
  /** The statement that was last begun, while operations are carried out alone. */
  statement = ''
  readonly #db: Database
  readonly #probes: Probes
  readonly #log: DamageLog
  readonly #changed: (state: DamageState) => void
  readonly #setAside = new Map<number, string | null>()
  readonly #ids = new Set<string>()
  /** Of those set aside: they can be read, and cannot be moved. */
  readonly #stuck = new Set<number>()
  readonly #parts = new Set<string>()
  #isKept = true
  /** More cannot be read than is set aside one by one. */
  #isLarge = false

  constructor(db: Database, log: DamageLog, changed: (state: DamageState) => void = () => {}) {
    this.#db = db
    this.#probes = new Probes(db, part => this.name(part))
    this.#log = log
    this.#changed = changed
  }

  get state(): DamageState {
    return { intents: this.#setAside.size, parts: [...this.#parts] }
  }

  get parts(): readonly string[] {
    return [...this.#parts]
  }

  get count(): number {
    return this.#setAside.size
  }

  has(n: number): boolean {
    return this.#setAside.has(n)
  }

  hasId(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Those that an earlier run has set aside. One that can be read now has been mended or replaced. */
  recall(intents: readonly SetAside[]): void {
    if (intents.length === 0) return
    const still = intents.filter(({ n }) => this.#probes.isUnreadable(n))
    for (const { n, id } of still) this.#keep(n, id)
    this.isFound = still.length > 0
    if (still.length > 0) this.#say(still.map(({ n }) => n))
    this.#isKept = false
    this.keep()
  }

  /** It is deleted: its sequence may be given again. */
  forget(n: number): void {
    if (!this.#setAside.has(n)) return
    const id = this.#setAside.get(n)
    this.#setAside.delete(n)
    this.#stuck.delete(n)
    if (typeof id === 'string') this.#ids.delete(id)
    this.#isKept = false
  }

  /** After a purge of all. */
  forgetAll(): void {
    if (this.#setAside.size === 0) return
    this.#setAside.clear()
    this.#stuck.clear()
    this.#ids.clear()
    this.#isKept = false
  }

  /** An intent that can be read, and cannot be moved: it must not keep others from it. @returns whether there is room for one more */
  passBy(n: number): boolean {
    if (!this.#hasRoomFor(n)) return false
    this.#nameUnlessBeside(n)
    this.#passBy(n)
    return true
  }

  /**
   * The same of one that cannot be deleted. A page that is nearly empty is joined with the one beside it, and where that cannot be read
   * those that are left on it stay. Meanwhile others between the two have gone, and their sequences no longer say how near they are.
   */
  leave(n: number): boolean {
    if (!this.#hasRoomFor(n)) return false
    if (!this.#probes.torn.has(tableOf(this.statement) ?? '')) this.#nameUnlessBeside(n)
    this.#passBy(n)
    return true
  }

  #hasRoomFor(n: number): boolean {
    return !this.#isLarge && !this.has(n) && this.#setAside.size < MOST_SET_ASIDE
  }

  #passBy(n: number): void {
    this.#keep(n, this.#probes.idOf(n))
    this.#stuck.add(n)
    this.#isKept = false
  }

  /** An operation was refused that named these: what is to blame, unless it is intents that are set aside? */
  nameFor(ids: readonly string[]): void {
    if (ids.some(id => this.hasId(id))) return
    this.#nameUnlessBeside(ids.flatMap(id => this.#probes.sequenceOf(id))[0] ?? 0)
  }

  /** A row that grows may need room on the page beside its own; where that is the damaged one, it has been named. */
  #nameUnlessBeside(n: number): void {
    for (const other of this.#setAside.keys()) {
      if (Math.abs(other - n) <= BESIDE && !this.#stuck.has(other)) return
    }
    this.name(partOf(this.statement))
  }

  /** Before something is carried out that may meet damage. */
  begin(): void {
    this.intent = 0
    this.lane = 0
    this.statement = ''
  }

  /**
   * Looks for what cannot be read among what was being read when damage was met.
   *
   * @param ids of intents that were asked for
   * @returns whether intents were set aside that were not before
   */
  findIntents(ids: readonly string[] = []): boolean {
    this.isFound = true
    if (this.#isLarge) return false
    const suspects = new Set(ids.flatMap(id => this.#probes.sequenceOf(id)))
    if (this.intent > 0) suspects.add(this.intent)
    if (this.lane > 0) for (const n of this.#probes.readyIn(this.lane)) suspects.add(n)
    const found = new Set<number>()
    for (const n of suspects)
      if (!found.has(n) && !this.has(n) && this.#probes.isUnreadable(n)) this.#around(n, found)
    if (found.size === 0) return false
    if (this.#setAside.size + found.size > MOST_SET_ASIDE) {
      this.#isLarge = true
      this.name('table intents, or payloads')
      return false
    }
    const names = this.#probes.idsOf([...found])
    for (const n of found)
      this.#keep(n, names.get(n) ?? ids.find(id => this.#probes.sequenceOf(id)[0] === n) ?? null)
    this.#say([...found])
    this.#isKept = false
    return true
  }

  /** A table or an index is damaged, and no one intent to blame. */
  name(part: string): void {
    this.isFound = true
    if (this.#parts.has(part)) return
    this.#parts.add(part)
    this.#log.error(
      `the database is damaged: ${part}. The bus serves what it can read, and will not start again until this is repaired: ${RUNBOOK}`,
    )
    this.#isKept = false
  }

  /** What a read has met, which is no operation of the writer. */
  examine(met: Met): void {
    this.begin()
    if ('table' in met) this.name(partOf(met.table))
    else if (!this.findIntents([met.id]) && !this.hasId(met.id)) this.name(partOf('intents'))
    this.keep()
  }

  /** Of the statement that met it. */
  nameByStatement(): void {
    this.name(partOf(this.statement))
  }

  /** Whether the moving part of an intent cannot be read. What its payload is on may be damaged, and a worker end it all the same. */
  isLost(id: string): boolean {
    const [n] = this.#probes.sequenceOf(id)
    return n !== undefined && this.#probes.isTorn('intents', n)
  }

  #keep(n: number, id: string | null): void {
    this.#setAside.set(n, id)
    if (id !== null) this.#ids.add(id)
  }

  /** A damaged page holds neighbours. */
  #around(n: number, found: Set<number>): void {
    found.add(n)
    for (const step of [-1, 1]) {
      for (let next = n + step; found.size <= MOST_SET_ASIDE && this.#probes.isUnreadable(next); next += step)
        found.add(next)
    }
  }

  #say(sequences: readonly number[]): void {
    const names = sequences.slice(0, IDS_NAMED).map(n => this.#setAside.get(n) ?? `number ${n}`)
    const more = sequences.length > names.length ? ` and ${sequences.length - names.length} more` : ''
    const [are, they] = sequences.length === 1 ? ['is', 'it'] : ['are', 'they']
    this.#log.error(
      `a damaged page of the database: intent ${names.join(', ')}${more} cannot be read and ${are} set aside; no worker gets ${they === 'it' ? 'it' : 'them'}: ${RUNBOOK}`,
    )
  }

  /** Notes what is new beside the database, and tells it. To be called when a commit is done. */
  keep(): void {
    if (this.#isKept) return
    this.#isKept = true
    const marker: Marker = {
      intents: Array.from(this.#setAside, ([n, id]) => ({ n, id })),
      parts: [...this.#parts],
    }
    try {
      if (marker.intents.length + marker.parts.length === 0) clearMarker(this.#db.name)
      else writeMarker(this.#db.name, marker)
    } catch (error) {
      this.#log.error(`the damage could not be noted beside the database: ${(error as Error).message}`)
    }
    this.#changed(this.state)
  }
}

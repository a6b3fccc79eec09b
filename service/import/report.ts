/** What became of a row. */
export type Fate = 'taken' | 'changed' | 'here already' | 'left out'

export type RowReport = {
  table: string
  /** What names the row for people; never a secret. */
  row: string
  fate: Fate
  /** Why it was left out, or what is different now. */
  why: string[]
}

export type TableTally = { rows: number } & Record<Fate, number>
export type Reason = { table: string; fate: Fate; why: string; count: number; rows: string[] }

/** Rows that a reason names, so that a report of a million rows fits into memory. */
const NAMED = 20

/** Counts, and tells each row to whoever listens. */
export class Report {
  readonly tables = new Map<string, TableTally>()
  readonly #reasons = new Map<string, Reason>()
  readonly #each: (row: RowReport) => void
  rows = 0

  constructor(each: (row: RowReport) => void) {
    this.#each = each
  }

  row(table: string, row: string, fate: Fate, why: string[] = []): void {
    this.rows += 1
    const tally = this.tables.get(table) ?? {
      rows: 0,
      taken: 0,
      changed: 0,
      'here already': 0,
      'left out': 0,
    }
    tally.rows += 1
    tally[fate] += 1
    this.tables.set(table, tally)
    for (const reason of why) this.#reason(table, row, fate, reason)
    this.#each({ table, row, fate, why })
  }

  /** Rows that came in, changed or not. */
  get taken(): number {
    return this.#sum('taken') + this.#sum('changed')
  }

  /** Those with the most rows first. */
  reasons(fate: Fate): Reason[] {
    return [...this.#reasons.values()]
      .filter(reason => reason.fate === fate)
      .sort((a, b) => b.count - a.count)
  }

  #sum(fate: Fate): number {
    return [...this.tables.values()].reduce((sum, tally) => sum + tally[fate], 0)
  }

  #reason(table: string, row: string, fate: Fate, why: string): void {
    const name = `${fate}\0${table}\0${why}`
    const reason = this.#reasons.get(name) ?? { table, fate, why, count: 0, rows: [] }
    reason.count += 1
    if (reason.rows.length < NAMED) reason.rows.push(row)
    this.#reasons.set(name, reason)
  }
}

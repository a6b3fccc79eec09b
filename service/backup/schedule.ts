import type { Chance } from '../broker/identity.ts'
import type { Clock } from '../clock.ts'

/** Not before so long after a start, and up to twice that: machines that come up together need not sync together. In ms. */
const SETTLE_MS = 30_000
/** A look at the wall clock, in ms: it may have been set, and a machine may have slept. */
const LOOK_MS = 3_600_000
/** Until another try after one that failed, in ms; sooner if the interval is shorter. */
const RETRY_MS = 300_000

type Times = { clock: Clock; chance: Pick<Chance, 'uniform'>; wallNow: () => number }

/**
 * When the next backup is due: an interval after the last one on disk, however often the bus was started since. Counted
 * by the wall clock, and by bus time as well: of one that was set back no harm comes.
 */
export class Schedule {
  readonly #intervalMs: number
  readonly #times: Times
  readonly #make: () => Promise<{ at: number }>
  /** `bus`: bus ms, when it was made by this process. */
  #last: { wall: number; bus: number | null } | null = null
  #callOff: () => void = () => {}
  #ended = false

  /** @param intervalMs 0: never */
  constructor(intervalMs: number, times: Times, make: () => Promise<{ at: number }>) {
    this.#intervalMs = intervalMs
    this.#times = times
    this.#make = make
  }

  /** @param lastAt wall ms of the newest on disk; `null`: there is none */
  begin(lastAt: number | null): void {
    if (this.#intervalMs === 0) return
    this.#last = lastAt === null ? null : { wall: lastAt, bus: null }
    this.#wake(SETTLE_MS * (1 + this.#times.chance.uniform()))
  }

  end(): void {
    this.#ended = true
    this.#callOff()
  }

  #wake(atLeastMs: number): void {
    if (this.#ended) return
    const wait = Math.max(atLeastMs, Math.min(this.#dueInMs(), LOOK_MS))
    this.#callOff = this.#times.clock.after(wait, () => void this.#look())
  }

  async #look(): Promise<void> {
    if (this.#dueInMs() > 0) return this.#wake(0)
    try {
      const { at } = await this.#make()
      this.#last = { wall: at, bus: this.#times.clock.now() }
      this.#wake(0)
    } catch {
      // Whoever makes it says why.
      this.#wake(Math.min(RETRY_MS, this.#intervalMs))
    }
  }

  #dueInMs(): number {
    if (this.#last === null) return 0
    const { wall, bus } = this.#last
    const byWall = this.#times.wallNow() - wall
    // From a clock that was ahead: nobody knows how old it is.
    if (bus === null) return byWall < 0 ? 0 : this.#intervalMs - byWall
    return this.#intervalMs - Math.max(byWall, this.#times.clock.now() - bus)
  }
}

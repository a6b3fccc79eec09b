import { type Chance, systemChance } from '../../broker/identity.ts'

/** Chance whose jitter a test can load; ids and tokens stay random. */
export class LoadedChance implements Chance {
  readonly #system = systemChance()
  /** The next draws, in [0, 1); `null`: left to chance. */
  always: number | null = null

  uniform(): number {
    return this.always ?? this.#system.uniform()
  }

  token(): string {
    return this.#system.token()
  }

  id(now: number): string {
    return this.#system.id(now)
  }
}

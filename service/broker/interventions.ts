import type { KeyId } from '../intent/routing.ts'
import type { Nonce, PurgeCursor } from '../store/operations.ts'
import type { Moved, Outcome, ValueOf } from '../store/outcomes.ts'
import type { Actor } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Endings } from './endings.ts'
import type { Submit } from './group-commit.ts'
import type { Observer } from './observer.ts'
import { accept } from './refusals.ts'

const PURGE_STEP = 500

/** What an admin does to intents, or their publisher, and no worker. */
export class Interventions {
  readonly #store: Store
  readonly #submit: Submit
  readonly #endings: Endings
  readonly #observer: Observer
  /** What an intent that is retried has from then on. */
  readonly #ttlMs: number

  constructor(store: Store, submit: Submit, endings: Endings, observer: Observer, ttlMs: number) {
    this.#store = store
    this.#submit = submit
    this.#endings = endings
    this.#observer = observer
    this.#ttlMs = ttlMs
  }

  async cancel(id: string, by?: Actor): Promise<Moved> {
    return this.#cancelled(await this.#submit({ kind: 'cancel', id, publisher: null, nonce: null, by }))
  }

  /** @throws {BusError} `not_found`; `forbidden` when another key published it */
  async cancelOwn(id: string, publisher: KeyId, nonce: Nonce, by: Actor): Promise<Moved> {
    return this.#cancelled(await this.#submit({ kind: 'cancel', id, publisher, nonce, by }))
  }

  #cancelled(outcome: Outcome<'cancel'>): Moved {
    const moved = accept(outcome)
    const { id, namespace } = moved
    if (moved.moved) this.#observer.died([{ id, namespace, cause: 'cancelled' }])
    this.#endings.ended(id)
    return moved
  }

  async retry(id: string, by?: Actor): Promise<Moved> {
    const ttlMs = this.#ttlMs
    return accept(
      await this.#submit({ kind: 'retry', id, publisher: null, openLimit: null, ttlMs, nonce: null, by }),
    )
  }

  /**
   * @param openLimit open and claimed intents that its publisher may have; `null`: no cap
   * @throws {BusError} `not_found` also for one that has not ended; `forbidden`; `limit_exceeded`
   */
  async retryOwn(
    id: string,
    publisher: KeyId,
    openLimit: number | null,
    nonce: Nonce,
    by: Actor,
  ): Promise<Moved> {
    const ttlMs = this.#ttlMs
    return accept(await this.#submit({ kind: 'retry', id, publisher, openLimit, ttlMs, nonce, by }))
  }

  /** @returns per id, in order, whether it was dead and is open again, with all its attempts */
  async retryDead(ids: string[], by?: Actor): Promise<boolean[]> {
    return accept(await this.#submit({ kind: 'retryDead', ids, ttlMs: this.#ttlMs, by }))
  }

  /** @returns per id, in order, whether it was dead and is deleted */
  async dropDead(ids: string[], by?: Actor): Promise<boolean[]> {
    return accept(await this.#submit({ kind: 'dropDead', ids, by }))
  }

  /** @returns how many intents went. Runs in steps, so that publishes get their turn in between. */
  async purge(namespace: string | null, by?: Actor): Promise<number> {
    let deleted = 0
    let from: PurgeCursor | null = null
    do {
      const step: ValueOf['purge'] = accept(
        await this.#submit({ kind: 'purge', namespace, from, limit: PURGE_STEP, by }),
      )
      deleted += step.deleted
      from = step.next
    } while (from !== null)
    for (const id of this.#endings.ids) if (!(await this.#isThere(id))) this.#endings.ended(id)
    return deleted
  }

  /** One that cannot be read counts as gone. Those who wait for it look themselves, and their answers say what is damaged. */
  #isThere(id: string): Promise<boolean> {
    return this.#store.intent(id).then(
      intent => intent !== null,
      () => false,
    )
  }
}

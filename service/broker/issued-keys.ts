import type { KeyId } from '../intent/routing.ts'
import type { KeySecret, KeyTerms, RotateKeyOp } from '../store/operations.ts'
import type { ValueOf } from '../store/outcomes.ts'
import type { Actor, KeyFacts } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Submit } from './group-commit.ts'
import { accept } from './refusals.ts'

/** Values may be large: these are some MiB to look through, of which the log takes little. */
const DROP_STEP = 100

/** What is done to issued API keys, and to what they leave behind. */
export class IssuedKeys {
  readonly #store: Store
  readonly #submit: Submit

  constructor(store: Store, submit: Submit) {
    this.#store = store
    this.#submit = submit
  }

  /**
   * The seal of a key binds its identity, which is the number it gets, so the number has to be known before. The store is asked for
   * the next one, and refuses it if another key has taken it meanwhile: of those that ask at once, one gets it each time.
   *
   * @param sealFor seals the key for that identity
   */
  async create(
    sealFor: (identity: KeyId) => KeySecret,
    terms: KeyTerms,
    by?: Actor,
  ): Promise<{ key: KeyFacts; secret: KeySecret }> {
    for (;;) {
      const id = await this.#store.nextKeyId()
      const secret = sealFor(id)
      const outcome = await this.#submit({ kind: 'createKey', id, ...secret, ...terms, by })
      if (outcome.ok || outcome.refusal !== 'key_number_taken') return { key: accept(outcome), secret }
    }
  }

  /**
   * After `rotate`, `change` and `revoke`, the caller first updates its own table of keys, and then calls `dismissWaiting`. In the
   * other order, clients that are answered would still find the old key good.
   *
   * @throws {BusError} `not_found`, or `invalid_request` when it has a successor already
   */
  async rotate(rotation: Omit<RotateKeyOp, 'kind'>): Promise<ValueOf['rotateKey']> {
    return accept(await this.#submit({ kind: 'rotateKey', ...rotation }))
  }

  /** @throws {BusError} `not_found` */
  async change(id: number, changes: Partial<KeyTerms>, by?: Actor): Promise<KeyFacts> {
    return accept(await this.#submit({ kind: 'changeKey', id, changes, by }))
  }

  /** @returns the key that went, or `null` when no such key was there */
  async revoke(hash: Buffer, by?: Actor): Promise<ValueOf['revokeKey']> {
    return accept(await this.#submit({ kind: 'revokeKey', hash, by }))
  }

  /** In steps, as a purge is. What a crash leaves expires by itself: a value lives a day at most. */
  async dropValues(keyId: KeyId): Promise<void> {
    let dropped: number
    do {
      dropped = accept(await this.#submit({ kind: 'dropValues', keyId, limit: DROP_STEP })).dropped
    } while (dropped === DROP_STEP)
  }
}

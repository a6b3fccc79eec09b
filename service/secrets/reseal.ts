import { refusalOf } from '../broker/refusals.ts'
import type { ResealKeysOp } from '../store/operations.ts'
import type { KeyRecord } from '../store/records.ts'
import { StorageError, type Store } from '../store/store.ts'
import { type Aes256Vault, isUnbound } from './vault.ts'

/**
 * Seals the keys of an earlier bus again, so that nobody can give them another identity from now on. One transaction: a kill leaves
 * all of them as they were, or all of them sealed again. Their old seals are good, so a disk that takes no writes does not stop
 * the start; the next one tries again.
 *
 * @param keys of the database, which the vault has opened
 * @param now bus time, in ms
 */
export async function resealKeys(
  store: Store,
  vault: Aes256Vault,
  keys: readonly KeyRecord[],
  now: number,
  log: { info(line: string): void; warn(line: string): void },
): Promise<void> {
  const resealed = keys
    .filter(({ sealed }) => isUnbound(sealed))
    .map(key => ({ id: key.id, sealed: vault.seal(vault.open(key), key.identity) }))
  if (resealed.length === 0) return
  const fault = await faultOf(store, { kind: 'resealKeys', keys: resealed }, now)
  const counted = resealed.length === 1 ? '1 API key' : `${resealed.length} API keys`
  if (fault === null)
    log.info(`${counted} of an earlier version sealed again: the seals now bind the identities`)
  else
    log.warn(
      `${counted} of an earlier version could not be sealed again, and the next start tries again: ${fault}`,
    )
}

/** @returns why it was not written, or `null` */
async function faultOf(store: Store, op: ResealKeysOp, now: number): Promise<string | null> {
  try {
    const { outcomes } = await store.commit([op], now)
    const [outcome] = outcomes
    return outcome?.ok === false ? refusalOf(outcome).message : null
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return error.message
  }
}

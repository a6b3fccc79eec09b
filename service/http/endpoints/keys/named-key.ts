/** Which key a request means, what it asks for it, and what is told of it. */
import { BusError } from '../../../errors.ts'
import type { KeyTerms } from '../../../store/operations.ts'
import type { KeyFacts, KeyHolding } from '../../../store/records.ts'
import { seconds, secondsOrNull } from '../../answers/answers.ts'
import { hashOf, type KeyRing } from '../../auth/keys.ts'
import type { TypeOf } from '../../schemas/schema.ts'
import type { Services } from '../services.ts'
import type { ChangeKeyBody, KeyDetails, RevokeKeyBody } from './schemas.ts'

type KeyName = TypeOf<typeof RevokeKeyBody>
type AskedTerms = Pick<TypeOf<typeof ChangeKeyBody>, 'note' | 'expires_in' | 'rate_limit' | 'open_limit'>

/** @returns `null` when no issued key has that number @throws {BusError} */
export function hashOfNamed({ api_key: apiKey, key_id: keyId }: KeyName, keys: KeyRing): Buffer | null {
  if (apiKey !== undefined && keyId !== undefined) {
    throw new BusError('invalid_request', 'Send api_key or key_id, not both.')
  }
  if (keyId !== undefined) return keys.hashById(keyId)
  if (apiKey === undefined) throw new BusError('invalid_request', 'Missing api_key or key_id')
  return hashOf(apiKey)
}

/** @throws {BusError} `not_found` when there is no such key */
export function keyNamed(name: KeyName, keys: KeyRing): KeyFacts {
  const hash = hashOfNamed(name, keys)
  const key = hash === null ? null : keys.byHash(hash)
  if (key === null) throw new BusError('not_found', 'There is no such key.')
  return key
}

/** @param now bus ms */
export function termsOf(
  { note, expires_in, rate_limit, open_limit }: AskedTerms,
  now: number,
): Partial<KeyTerms> {
  return {
    ...(note === undefined ? {} : { note }),
    ...(expires_in === undefined ? {} : { expiresAt: endOf(expires_in, now) }),
    ...(rate_limit === undefined ? {} : { rateLimit: rate_limit || null }),
    ...(open_limit === undefined ? {} : { openLimit: open_limit || null }),
  }
}

/** @returns bus ms; `null`: it does not expire */
export const endOf = (inSeconds: number, now: number): number | null =>
  inSeconds === 0 ? null : now + inSeconds * 1000

const NOTHING: KeyHolding = { unsettled: 0, payloadBytes: 0, valueBytes: 0 }

export const detailsOf = async (key: KeyFacts, { broker }: Services): Promise<KeyDetails> =>
  details(key, await broker.store.holdings(), broker.now())

export function details(key: KeyFacts, holdings: ReadonlyMap<number, KeyHolding>, now: number): KeyDetails {
  const { unsettled, payloadBytes, valueBytes } = holdings.get(key.identity) ?? NOTHING
  return {
    key_id: key.id,
    owner: key.owner,
    note: key.note,
    prefix: key.prefix,
    created_at: seconds(key.createdAt),
    last_used_at: secondsOrNull(key.lastUsedAt),
    expires_at: secondsOrNull(key.expiresAt),
    expired: key.expiresAt !== null && key.expiresAt <= now,
    rate_limit: key.rateLimit,
    open_limit: key.openLimit,
    replaced_by: key.replacedBy,
    open_intents: unsettled,
    stored_bytes: payloadBytes + valueBytes,
  }
}

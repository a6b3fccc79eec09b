import { IDEMPOTENCY_TTL_MS } from '../../broker/broker.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { AdoptedUse } from '../../store/sqlite/adoption.ts'
import { idOf, msOf, textOf, Unfit } from './cells.ts'
import type { Row } from './source.ts'

const KEY = /^[\x21-\x7e]{1,255}$/
const SHA256 = /^[0-9a-f]{64}$/

/**
 * An idempotency key, and what it was used for. Both servers remember the body by the SHA-256 of its JSON with sorted
 * keys, and agree on it as long as the body is plain ASCII; the reference escapes everything else before it digests.
 *
 * @param keyId whose it is, `null`: a key that was revoked
 * @throws {Unfit}
 */
export function useOf(row: Row, keyId: KeyId | null, now: number): AdoptedUse {
  if (keyId === null) throw new Unfit('its API key was revoked')
  const key = textOf(row['key']) ?? ''
  if (!KEY.test(key)) throw new Unfit('an Idempotency-Key takes 1 to 255 visible ASCII characters here')
  const fingerprint = textOf(row['body_hash']) ?? ''
  if (!SHA256.test(fingerprint)) throw new Unfit('its body_hash is no SHA-256')
  const { id, namespace } = answerOf(row)
  const expiresAt = (msOf(row['created_at']) ?? 0) + IDEMPOTENCY_TTL_MS
  if (expiresAt <= now) throw new Unfit('used longer than a day ago')
  return { keyId, key, fingerprint, intentId: id, namespace, expiresAt }
}

function answerOf(row: Row): { id: string; namespace: string } {
  try {
    const answer = JSON.parse(textOf(row['response']) ?? '') as { id?: unknown; namespace?: unknown }
    const namespace = typeof answer.namespace === 'string' ? answer.namespace : 'default'
    return { id: idOf(typeof answer.id === 'string' ? answer.id : null), namespace }
  } catch {
    throw new Unfit('its answer names no intent')
  }
}

/** Whether a repeat is known again by its digest. @param text what was published, as Python wrote it */
export const isPlainAscii = (text: string): boolean =>
  /^[\x20-\x7e]*$/.test(text) && !/(?<!\\)(?:\\\\)*\\u(?!00[01])/i.test(text)

import { type KeyId, MASTER_KEY } from '../../intent/routing.ts'
import { msOf, textOf, Unfit } from './cells.ts'
import type { Parties } from './parties.ts'
import type { Row } from './source.ts'

export type Value = { keyId: KeyId; key: string; value: string; expiresAt: number }

const LONGEST_KEY = 256

const SHARED = 'every key could read it: it is the master key’s alone now'

/**
 * A stored value. Since 7.0.1 each API key has its own; before, there was one store for all.
 *
 * @throws {Unfit}
 */
export function storedValue(
  row: Row,
  { parties, hasPublishers, now }: { parties: Parties; hasPublishers: boolean; now: number },
): { value: Value; changes: string[] } {
  const written = textOf(row['key']) ?? ''
  const scoped = parties.ownerOf(written)
  if (scoped === null && hasPublishers)
    throw new Unfit('its API key was revoked, and nobody else could read it')
  const { keyId, key } = scoped ?? { keyId: MASTER_KEY, key: written }
  if (key === '' || key.length > LONGEST_KEY || key.includes('\0')) {
    throw new Unfit('its key takes 1 to 256 characters here')
  }
  const value = textOf(row['value'])
  if (value === null || value.includes('\0')) throw new Unfit('its value is no text')
  const expiresAt = msOf(row['expires_at'])
  if (expiresAt === null) throw new Unfit('expires_at is no time')
  if (expiresAt <= now) throw new Unfit('expired')
  return { value: { keyId, key, value, expiresAt }, changes: scoped === null ? [SHARED] : [] }
}

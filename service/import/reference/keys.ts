import { hashOf, shownPrefix } from '../../http/auth/keys.ts'
import { msOf, textOf, Unfit } from './cells.ts'
import type { Row } from './source.ts'

export type IssuedKey = { apiKey: string; hash: Buffer; prefix: string; owner: string; createdAt: number }

/** What a header can carry, and Node takes. */
const CARRIED = /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/
const LONGEST_OWNER = 128

const OWNER_CHANGED = 'its owner was no text of 1 to 128 characters'

/** @throws {Unfit} */
export function keyOf(row: Row, now: number): { key: IssuedKey; changes: string[] } {
  const apiKey = textOf(row['api_key']) ?? ''
  if (!CARRIED.test(apiKey))
    throw new Unfit('no header can carry this key: issue a new one with intent-bus keys create')
  const said = textOf(row['owner']) ?? ''
  const owner = said.replaceAll('\0', '').trim().slice(0, LONGEST_OWNER) || 'unknown'
  const key = {
    apiKey,
    hash: hashOf(apiKey),
    prefix: shownPrefix(apiKey),
    owner,
    createdAt: msOf(row['created_at']) ?? now,
  }
  return { key, changes: owner === said ? [] : [OWNER_CHANGED] }
}

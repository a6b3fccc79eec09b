import type { KeyFacts, KeyRecord } from '../records.ts'

export type KeyRow = {
  id: number
  identity: number | null
  hash: Buffer
  sealed: Buffer
  prefix: string
  owner: string
  note: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  rate_limit: number | null
  open_limit: number | null
  replaced_by: number | null
}

export const keyOf = (row: KeyRow): KeyRecord => ({ ...factsOf(row), hash: row.hash, sealed: row.sealed })

export function factsOf(row: KeyRow): KeyFacts {
  return {
    id: row.id,
    identity: row.identity ?? row.id,
    prefix: row.prefix,
    owner: row.owner,
    note: row.note,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    rateLimit: row.rate_limit,
    openLimit: row.open_limit,
    replacedBy: row.replaced_by,
  }
}

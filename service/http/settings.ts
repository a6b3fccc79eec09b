import type { KeyId } from '../intent/routing.ts'
import type { SealedKey } from '../store/records.ts'
import type { ConnectionLimits } from './limits/connections.ts'

/** What the HTTP side has to be told. Times are milliseconds, sizes are bytes, `null` means "not configured". */
export type AppSettings = {
  version: string
  /** The master API key. */
  secret: string
  adminSecret: string | null
  dashboardPassword: string | null
  metricsToken: string | null
  /** Whether each of the four above, by its name outside, is short enough to be guessed. */
  shortSecrets: Readonly<Record<string, boolean>>
  /** How many proxies in front are believed about X-Forwarded-For and -Proto; 0: none. */
  trustProxy: number
  enforceHttps: boolean
  requireSignatures: boolean
  requireClaimToken: boolean
  maintenance: boolean
  /** Of a payload, counted as UTF-8 of compact, unescaped JSON. */
  maxPayloadBytes: number
  /** Of a result, counted like a payload. */
  maxResultBytes: number
  /** Of a KV value, as UTF-8. */
  maxValueBytes: number
  /** Of a request's body on the wire. `\uXXXX` makes an 8 KiB payload 48 KiB long. */
  bodyLimitBytes: number
  /** Of the body of a request that carries many. */
  batchBodyLimitBytes: number
  /** The deepest leaf of a payload or result; the root is at 0. */
  maxDepth: number
  /** Open and claimed intents an issued key may have at once. */
  maxOpenIntents: number
  /** Requests of one issued key. */
  rateLimit: Window
  /** Wrong credentials from one client address. */
  authFailureLimit: Window
  connections: ConnectionLimits
  /** Requests of one issued key that wait at once. */
  maxLongPollsPerKey: number
  /** Requests of one issued key whose bodies are on their way at once. */
  maxUnfinishedBodiesPerKey: number
  leaseMs: number
  /** How long a stop may take. Clients that keep it waiting have half of that. */
  drainMs: number
}

export type Window = { max: number; windowMs: number }

/** Seals issued API keys for the database, and opens them again: a signature can only be checked with the key itself. */
export interface KeyVault {
  /** @param identity whose intents, values and leases the key opens; nobody can change it afterwards */
  seal(apiKey: string, identity: KeyId): Buffer
  /** @throws when it was sealed with another key, or its seal, hash or identity has changed since */
  open(key: SealedKey): string
  /** A key of 32 bytes for another purpose, which tells nothing about this one. */
  derive(purpose: string, salt: Buffer): Buffer
}

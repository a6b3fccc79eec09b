/** What each verb of the broker is given. Times are ms. */
import type { KeyId, Route } from '../intent/routing.ts'
import type { ResultType } from '../store/records.ts'

export type Publish = {
  route: Route
  payload: string
  priority: number
  delayMs: number
  maxAttempts: number
  backoffMs: number
  openLimit: number | null
  idempotency: { key: string; fingerprint: string } | null
}
/** `most` intents at once; `leaseMs: null` is the usual lease. */
export type ClaimTerms = { most: number; leaseMs: number | null }
/** How long to wait; `gone` fires when the client hangs up, `sentAway` when it is to have its answer now. */
export type Patience = { waitMs: number; gone: AbortSignal; sentAway: AbortSignal }
export type Hold = { id: string; keyId: KeyId; token: string | null }
/** What a worker says of a lease. */
export type Report = Hold &
  (
    | { kind: 'extend'; leaseMs: number }
    | { kind: 'fulfil'; result: string | null; resultType: ResultType }
    | { kind: 'fail'; error: string }
  )

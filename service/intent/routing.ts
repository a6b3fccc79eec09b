/**
 * Who may take what. The routing facts of an intent form its **route**; a store interns each distinct route
 * as a small integer, its **lane**. A claim never looks at intents to find out whether they fit: it names the
 * **groups** of lanes it may draw from, and each group knows its best ready intent.
 */

/** 0 is the master key; issued keys count from 1 and are never used again. */
export type KeyId = number
export const MASTER_KEY: KeyId = 0

type Visibility = 'private' | 'public'

export type Route = {
  namespace: string
  publisher: KeyId
  visibility: Visibility
  goal: string
  targetWorker: string | null
  requiredCapability: string | null
}

/** What a worker asks for and offers. `publisher` narrows the claim to one key's intents, private ones included. */
export type Ask = {
  keyId: KeyId
  namespace: string
  goal: string | null
  publisher: KeyId | null
  workerId: string
  capabilities: readonly string[]
}

// NUL stands in no part (the edge refuses it), so joined parts cannot be read two ways.
const SEPARATOR = '\0'
const ANY = ''
const PUBLIC = 'public'

export function routeKey(r: Route): string {
  return [
    r.namespace,
    r.publisher,
    r.visibility,
    r.goal,
    r.targetWorker ?? ANY,
    r.requiredCapability ?? ANY,
  ].join(SEPARATOR)
}

export function sameRoute(a: Route, b: Route): boolean {
  return (
    a.goal === b.goal &&
    a.namespace === b.namespace &&
    a.publisher === b.publisher &&
    a.visibility === b.visibility &&
    a.targetWorker === b.targetWorker &&
    a.requiredCapability === b.requiredCapability
  )
}

function group(ns: string, scope: string, goal: string, target: string, capability: string): string {
  return ns + SEPARATOR + scope + SEPARATOR + goal + SEPARATOR + target + SEPARATOR + capability
}

/** The groups that a lane of this route belongs to: by publisher, and by `public`; each with and without its goal. */
export function groupsOf(r: Route): string[] {
  const target = r.targetWorker ?? ANY
  const capability = r.requiredCapability ?? ANY
  const scopes = r.visibility === 'public' ? [`${r.publisher}`, PUBLIC] : [`${r.publisher}`]
  return scopes.flatMap(scope => [
    group(r.namespace, scope, r.goal, target, capability),
    group(r.namespace, scope, ANY, target, capability),
  ])
}

/** The groups a claim may draw from: 1 or 2 scopes × 1 or 2 targets × (1 + capabilities offered). */
export function groupsFor(ask: Ask): string[] {
  const scopes = ask.publisher === null ? [`${ask.keyId}`, PUBLIC] : [`${ask.publisher}`]
  const targets = ask.workerId === ANY ? [ANY] : [ANY, ask.workerId]
  const capabilities = [ANY, ...ask.capabilities]
  const found: string[] = []
  for (const scope of scopes) {
    for (const target of targets) {
      for (const capability of capabilities) {
        found.push(group(ask.namespace, scope, ask.goal ?? ANY, target, capability))
      }
    }
  }
  return found
}

/** What decides between two ready intents. `sequence` grows with each publish, as `created_at` and `id` do. */
export type Head = { priority: number; runAt: number; attempts: number; sequence: number }

/** Negative when `a` is to be claimed before `b`: priority descending, then run_at, attempts, age ascending. */
export function claimOrder(a: Head, b: Head): number {
  return b.priority - a.priority || a.runAt - b.runAt || a.attempts - b.attempts || a.sequence - b.sequence
}

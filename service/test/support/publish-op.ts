import type { Route } from '../../intent/routing.ts'
import type { PublishOp } from '../../store/operations.ts'

/** For tests that talk to a store past HTTP: what a publisher who asks for nothing special sends it. */
export const publishOp = (id: string, route: Route, changes: Partial<PublishOp> = {}): PublishOp => ({
  kind: 'publish',
  id,
  route,
  payload: '{}',
  priority: 100,
  delayMs: 0,
  ttlMs: 86_400_000,
  maxAttempts: 3,
  backoffMs: 5000,
  openLimit: null,
  idempotency: null,
  nonce: null,
  ...changes,
})

/** Of whatever the master key publishes for anybody. */
export const routeIn = (namespace: string, goal = 'work'): Route => ({
  namespace,
  publisher: 0,
  visibility: 'private',
  goal,
  targetWorker: null,
  requiredCapability: null,
})

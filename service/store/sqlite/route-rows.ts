import type { Route } from '../../intent/routing.ts'

/** The routing facts as the table of lanes has them. */
export type RouteRow = {
  namespace: string
  publisher: number
  public: number
  goal: string
  target_worker: string
  required_capability: string
}

/** They, of the lane `l`. */
export const ROUTE_COLUMNS = `l.namespace, l.publisher, l.public, l.goal, l.target_worker, l.required_capability`

export function routeOf(row: RouteRow): Route {
  return {
    namespace: row.namespace,
    publisher: row.publisher,
    visibility: row.public === 1 ? 'public' : 'private',
    goal: row.goal,
    targetWorker: row.target_worker || null,
    requiredCapability: row.required_capability || null,
  }
}

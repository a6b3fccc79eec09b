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

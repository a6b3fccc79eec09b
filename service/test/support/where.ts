/** A bus that runs somewhere else, and what opens it. */
export type Elsewhere = {
  url: string
  key: string
  adminToken: string
  metricsToken: string
  /** `null`: the tests that log in with it are left out. */
  dashboardPassword: string | null
}

/** Where it stands for the tests, as JSON. */
export const ELSEWHERE_VARIABLE = 'INTENT_BUS_ELSEWHERE'

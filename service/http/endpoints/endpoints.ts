/** Every endpoint of the bus: what is served, and what `/openapi.json` describes. */
import { dashboardEndpoints } from '../../dashboard/endpoints.ts'
import { aboutEndpoints } from './about.ts'
import { auditEndpoints } from './audit.ts'
import { backupEndpoints } from './backups.ts'
import { claimEndpoints } from './claims.ts'
import { deadLetterEndpoints } from './dead-letters.ts'
import type { Terms } from './definition.ts'
import type { Endpoint } from './endpoint.ts'
import { healthEndpoints } from './health.ts'
import { intentEndpoints } from './intents.ts'
import { keyEndpoints } from './keys/keys.ts'
import { adminListEndpoints, ownListEndpoints } from './listing.ts'
import { maintenanceEndpoints } from './maintenance.ts'
import { adminMoveEndpoints, ownMoveEndpoints } from './moves.ts'
import { overviewEndpoints } from './overview.ts'
import { adminIntentEndpoints, resultEndpoints } from './results.ts'
import { settleEndpoints } from './settles/settles.ts'
import { upkeepEndpoints } from './upkeep.ts'
import { valueEndpoints } from './values.ts'

/** In the order of the document. */
const FAMILIES: readonly ((terms: Terms) => Endpoint[])[] = [
  intentEndpoints,
  claimEndpoints,
  settleEndpoints,
  resultEndpoints,
  ownListEndpoints,
  ownMoveEndpoints,
  valueEndpoints,
  keyEndpoints,
  adminListEndpoints,
  adminIntentEndpoints,
  adminMoveEndpoints,
  deadLetterEndpoints,
  overviewEndpoints,
  upkeepEndpoints,
  maintenanceEndpoints,
  auditEndpoints,
  backupEndpoints,
  dashboardEndpoints,
  healthEndpoints,
  aboutEndpoints,
]

/** @param terms what the settings of this bus make of its calls */
export const endpointsOf = (terms: Terms): Endpoint[] => FAMILIES.flatMap(family => family(terms))

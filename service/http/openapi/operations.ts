/** Every call of the bus. A test holds this against the routes. */
import type { Operation, Terms } from './operation.ts'
import { aboutOperations } from './operations/about.ts'
import { adminIntentOperations } from './operations/admin-intents.ts'
import { backupOperations } from './operations/backups.ts'
import { claimOperations } from './operations/claims.ts'
import { dashboardOperations } from './operations/dashboard.ts'
import { deadLetterOperations } from './operations/dead-letters.ts'
import { healthOperations } from './operations/health.ts'
import { intentOperations } from './operations/intents.ts'
import { keyOperations } from './operations/keys.ts'
import { ownIntentOperations } from './operations/own-intents.ts'
import { resultOperations } from './operations/results.ts'
import { settleOperations } from './operations/settles.ts'
import { upkeepOperations } from './operations/upkeep.ts'
import { valueOperations } from './operations/values.ts'

export const operationsOf = (terms: Terms): Operation[] => [
  ...intentOperations(terms),
  ...claimOperations(terms),
  ...settleOperations(terms),
  ...resultOperations(terms),
  ...ownIntentOperations(terms),
  ...valueOperations(terms),
  ...keyOperations(terms),
  ...adminIntentOperations(terms),
  ...deadLetterOperations(terms),
  ...upkeepOperations(terms),
  ...backupOperations(terms),
  ...dashboardOperations(terms),
  ...healthOperations(terms),
  ...aboutOperations(terms),
]

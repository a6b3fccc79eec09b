import type { Backups } from '../../backup/backups.ts'
import type { Broker } from '../../broker/broker.ts'
import type { Clock } from '../../clock.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { KeyRing } from '../auth/keys.ts'
import type { ProxyWatch } from '../connections/proxy-watch.ts'
import type { LongPolls } from '../limits/long-polls.ts'
import type { RequestLimits } from '../limits/request-limits.ts'
import type { MaintenanceMode } from '../maintenance-mode.ts'
import type { AppSettings, KeyVault } from '../settings.ts'
import type { Definition } from './definition.ts'

/** What the endpoints work with. */
export type Services = {
  settings: AppSettings
  /** What `/openapi.json` describes: all that is served. */
  definitions: readonly Definition[]
  broker: Broker
  clock: Clock
  keys: KeyRing
  vault: KeyVault
  backups: Backups | null
  limits: RequestLimits
  longPolls: LongPolls
  maintenance: MaintenanceMode
  proxies: ProxyWatch
  metrics: Metrics
  wallNow: () => number
}

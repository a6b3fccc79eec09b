import type { BrokerSettings } from '../broker/broker.ts'
import type { AppSettings } from '../http/settings.ts'
import type { Secrets } from '../secrets/first-start.ts'
import { isShort } from '../secrets/short-secrets.ts'
import type { RoomSettings } from '../store/sqlite/room.ts'
import type { Config } from './config.ts'
import { SECRET_NAMES } from './secret-variables.ts'

/** Failed log-ins are counted per minute. */
const AUTH_FAILURE_WINDOW_MS = 60_000

/** The environment's names and seconds, as the HTTP side's names and milliseconds. */
export function appSettings({ values: v }: Config, secrets: Secrets['values'], version: string): AppSettings {
  return {
    version,
    secret: secrets.BUS_SECRET,
    adminSecret: secrets.BUS_ADMIN_SECRET,
    dashboardPassword: secrets.DASHBOARD_PASSWORD,
    metricsToken: secrets.BUS_METRICS_TOKEN,
    shortSecrets: Object.fromEntries(SECRET_NAMES.map(name => [name, isShort(name, secrets[name])])),
    trustProxy: v.BUS_TRUST_PROXY,
    enforceHttps: v.BUS_ENFORCE_HTTPS,
    requireSignatures: v.BUS_REQUIRE_SIGNATURES,
    requireClaimToken: v.BUS_REQUIRE_CLAIM_TOKEN,
    maintenance: v.BUS_MAINTENANCE_MODE,
    maxPayloadBytes: v.BUS_MAX_PAYLOAD_BYTES,
    maxResultBytes: v.BUS_MAX_RESULT_BYTES,
    maxValueBytes: v.BUS_MAX_VALUE_BYTES,
    bodyLimitBytes: v.BUS_MAX_BODY_BYTES,
    batchBodyLimitBytes: v.BUS_MAX_BATCH_BODY_BYTES,
    maxDepth: v.BUS_MAX_DEPTH,
    maxOpenIntents: v.BUS_MAX_OPEN_INTENTS,
    rateLimit: { max: v.BUS_RATE_LIMIT, windowMs: v.BUS_RATE_WINDOW_SECONDS * 1000 },
    authFailureLimit: { max: v.BUS_AUTH_FAILURE_LIMIT, windowMs: AUTH_FAILURE_WINDOW_MS },
    connections: {
      most: v.BUS_MAX_CONNECTIONS,
      mostPerAddress:
        v.BUS_TRUST_PROXY > 0 ? null : v.BUS_MAX_CONNECTIONS_PER_ADDRESS || half(v.BUS_MAX_CONNECTIONS),
    },
    maxLongPollsPerKey: v.BUS_MAX_LONG_POLLS_PER_KEY || half(v.BUS_MAX_CONNECTIONS),
    maxUnfinishedBodiesPerKey: Math.ceil(v.BUS_MAX_CONNECTIONS / 4),
    leaseMs: v.BUS_LEASE_SECONDS * 1000,
    drainMs: v.BUS_DRAIN_SECONDS * 1000,
  }
}

/** At least one. */
const half = (most: number): number => Math.ceil(most / 2)

export function brokerSettings({ values: v }: Config): BrokerSettings {
  return {
    maxQueued: v.BUS_MAX_QUEUED,
    leaseMs: v.BUS_LEASE_SECONDS * 1000,
    intentTtlMs: v.BUS_INTENT_TTL_SECONDS * 1000,
    keepFulfilledMs: v.BUS_FULFILLED_RETENTION_SECONDS * 1000,
    keepDeadMs: v.BUS_DEAD_RETENTION_SECONDS * 1000,
    cleanupIntervalMs: v.BUS_CLEANUP_INTERVAL_SECONDS * 1000,
  }
}

export function roomSettings({ values: v }: Config): RoomSettings {
  return {
    reserveBytes: v.BUS_MIN_FREE_DISK_BYTES,
    keyBytes: v.BUS_MAX_KEY_BYTES || null,
    payloadBytes: v.BUS_MAX_OPEN_INTENTS * v.BUS_MAX_PAYLOAD_BYTES,
  }
}

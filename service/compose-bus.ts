/** Puts a bus together over a store that is open: broker, backups, the HTTP side. Nothing listens yet. */
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Backups } from './backup/backups.ts'
import { openBackups } from './backup/open-backups.ts'
import { Broker } from './broker/broker.ts'
import { type Chance, systemChance } from './broker/identity.ts'
import type { Clock } from './clock.ts'
import { appSettings, brokerSettings } from './config/app-settings.ts'
import type { Config } from './config/config.ts'
import { buildApp } from './http/app.ts'
import type { KeyVault } from './http/settings.ts'
import { withDeathLog } from './log/death-log.ts'
import { withStorageLog } from './log/storage-log.ts'
import { createMetrics } from './metrics/metrics.ts'
import type { Secrets } from './secrets/first-start.ts'
import type { Store } from './store/store.ts'

export type BusParts = {
  config: Config
  /** What opens it. `''`: it is not set. */
  secrets: Secrets['values']
  version: string
  store: Store
  vault: KeyVault
  clock: Clock
  logger: FastifyBaseLogger
  droppedLogLines?: () => number
  chance?: Chance
  /** The time of this machine, in ms since 1970; the clock of the bus may be ahead of it. */
  wallNow?: () => number
  /** Gets the app before anything is registered on it. */
  watch?: (app: FastifyInstance) => void
}

export type ComposedBus = {
  readonly app: FastifyInstance
  readonly broker: Broker
  /** `null` for an engine that has a tool of its own. */
  readonly backups: Backups | null
  /**
   * Ends in order: what has begun is finished, what comes is sent away. The store is left open.
   *
   * @param graceMs for a backup that is under way
   * @param close stops listening; unless told otherwise, with the app alone
   */
  stop(graceMs: number, close?: () => Promise<unknown>): Promise<void>
}

/** @throws {ConfigError} a recipient of backups is mistyped */
export async function composeBus(parts: BusParts): Promise<ComposedBus> {
  const { config, secrets, version, store, vault, clock, logger, droppedLogLines } = parts
  const { chance = systemChance(), wallNow = Date.now, watch } = parts
  const metrics = createMetrics({ version, ...(droppedLogLines && { droppedLogLines }) })
  const observer = withDeathLog(withStorageLog(metrics, logger), logger, clock)
  const broker = new Broker(store, clock, chance, observer, brokerSettings(config))
  let backups: Backups | null = null
  try {
    const log = logger
    const { copySource } = store
    backups = await openBackups({
      config,
      source: copySource,
      clock,
      chance,
      observer: metrics.backups,
      wallNow,
      log,
    })
    const settings = appSettings(config, secrets, version)
    const app = await buildApp({
      settings,
      broker,
      vault,
      backups,
      clock,
      metrics,
      logger,
      wallNow,
      ...(watch && { watch }),
    })
    return { app, broker, backups, stop: (graceMs, close = () => app.close()) => stop(graceMs, close) }
  } catch (error) {
    await backups?.close(0)
    await broker.drain()
    throw error
  }

  async function stop(graceMs: number, close: () => Promise<unknown>): Promise<void> {
    // First of all: what comes over connections that stay open is told to come back, and `/health/ready` says so.
    broker.beginDrain()
    backups?.beginDrain()
    await close()
    await backups?.close(graceMs)
    await broker.drain()
  }
}

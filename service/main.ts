/** Settings, store, secrets, broker, app; then listen until a signal says stop. */

import { existsSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { normalize } from 'node:path'
import { systemClock } from './clock.ts'
import { composeBus } from './compose-bus.ts'
import { roomSettings } from './config/app-settings.ts'
import { type Config, readConfig } from './config/config.ts'
import { SECRET_NAMES } from './config/secret-variables.ts'
import { VARIABLES } from './config/variables.ts'
import { firstAddressOf, SecondAddress } from './http/connections/localhost.ts'
import { openLineSink } from './log/line-sink.ts'
import { openLogger } from './log/logger.ts'
import servicePackage from './package.json' with { type: 'json' }
import { noteAddress } from './process/address-file.ts'
import { banner, urlOf } from './process/banner.ts'
import { withoutInterfacesWhereForbidden } from './process/network-interfaces.ts'
import { stopOnSignal } from './process/shutdown.ts'
import { startFault } from './process/start-faults.ts'
import { ensureSecrets, type Secrets } from './secrets/first-start.ts'
import { tighten } from './secrets/private-file.ts'
import { resealKeys } from './secrets/reseal.ts'
import { openVault } from './secrets/sealing-key.ts'
import { isShort, refuseShortSecretsAtFirst, shortSecretWarning } from './secrets/short-secrets.ts'
import { openSqliteStore } from './store/sqlite/sqlite-store.ts'

const { version } = servicePackage

const MUCH_AHEAD_MS = 3_600_000
/** A backup that is under way when the bus is to stop may take so long still, in ms, and a third of the time to stop. */
const BACKUP_GRACE_MS = 3000
const CLOCK_PAGE = 'docs/durability.md says what that means.'

/** What is open, with how to close it; closed in the opposite order. */
const opened: (() => Promise<void>)[] = []
async function closeAll(): Promise<void> {
  for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close()
}

async function run(config: Config): Promise<void> {
  const { values } = config
  const onTerminal = process.stdout.isTTY === true
  const lines = openLineSink(1)
  const logger = openLogger(values.LOG_LEVEL, onTerminal, lines)
  const warn = (line: string) => logger.warn(line)
  for (const warning of config.warnings) warn(warning)

  const die = (what: string) => (error: unknown) => {
    logger.fatal({ err: error }, what)
    process.exit(1)
  }
  process.on('uncaughtException', die('uncaught exception'))
  process.on('unhandledRejection', die('unhandled rejection'))
  // Node itself writes its warnings to standard error, and waits there for a reader that has stalled.
  process
    .removeAllListeners('warning')
    .on('warning', warning => logger.warn({ err: warning }, 'Node.js warns'))
  stopOnSignal({
    withinMs: () => values.BUS_DRAIN_SECONDS * 1000,
    stop: closeAll,
    lastLines: () => lines.flush(),
    say: (level, line, error) => logger[level](error === undefined ? {} : { err: error }, line),
  })

  refuseShortSecretsAtFirst(config, warn)
  const isElsewhere = values.BUS_DB_PATH !== VARIABLES.BUS_DB_PATH.default
  if (isElsewhere && !existsSync(values.BUS_DB_PATH)) {
    const level = existsSync(config.dataDir) ? 'info' : 'warn'
    logger[level](`there is no ${values.BUS_DB_PATH} (BUS_DB_PATH): a new, empty database is made`)
  }
  const store = await openSqliteStore({
    path: values.BUS_DB_PATH,
    room: roomSettings(config),
    log: {
      info: line => logger.info(line),
      warn,
      error: line => logger.error(line),
    },
    onLost: die('the store stopped by itself: nothing can be written any more'),
  })
  opened.push(() => store.close())
  for (const ending of ['', '-wal', '-shm']) {
    const file = values.BUS_DB_PATH + ending
    if (existsSync(file)) tighten(file, warn)
  }

  // Before secrets are made: a restored bus that lacks its key lacks them mostly too, and new ones would stand in their place.
  const keys = await store.keys()
  const vault = openVault(config.keyFile, keys, warn)
  const secrets = ensureSecrets(config.dataDir, config.secrets, warn)
  if (secrets.made.length > 0 && !onTerminal) {
    logger.info(`made ${secrets.made.join(', ')}; they are in ${secrets.file}`)
  }
  for (const name of SECRET_NAMES.filter(each => isShort(each, secrets.values[each]))) {
    warn(shortSecretWarning(name))
  }

  const clock = systemClock(store.lastSeen)
  const aheadMs = store.lastSeen - Date.now()
  if (aheadMs > MUCH_AHEAD_MS)
    warn(
      `${values.BUS_DB_PATH} has seen a time ${Math.round(aheadMs / 3_600_000)} h ahead of this machine's clock, and the bus goes on from there. ${CLOCK_PAGE}`,
    )
  await resealKeys(store, vault, keys, clock.now(), { info: line => logger.info(line), warn })
  const bus = await composeBus({
    config,
    secrets: secrets.values,
    version,
    store,
    vault,
    clock,
    logger,
    droppedLogLines: () => lines.dropped,
  })
  const { app, backups } = bus
  const second = new SecondAddress(app.server)
  const graceMs = Math.min(BACKUP_GRACE_MS, (values.BUS_DRAIN_SECONDS * 1000) / 3)
  opened.push(() => bus.stop(graceMs, () => Promise.all([second.close(), app.close()])))

  // Fastify would announce each address; we say it once, with more.
  logger.level = 'warn'
  withoutInterfacesWhereForbidden()
  await app.listen({ host: firstAddressOf(values.HOST), port: values.PORT })
  const { port } = app.server.address() as AddressInfo
  await second.listen(values.HOST, port, warn)
  logger.level = values.LOG_LEVEL
  backups?.begin()
  // Now, and not at the end, which may be a kill.
  flushCompileCache()
  const forget = noteAddress(config.dataDir, urlOf({ host: values.HOST, port }), warn)
  opened.push(async () => forget())
  if (onTerminal) lines.write(banner(bannerFacts(config, secrets, port)))
  else
    logger.info(
      {
        host: values.HOST,
        port,
        database: values.BUS_DB_PATH,
        dashboard: `${urlOf({ host: values.HOST, port })}/admin/dashboard`,
        ...(secrets.areKept ? { secrets: secrets.file } : {}),
      },
      `Intent Bus ${version} is ready`,
    )
}

function bannerFacts(config: Config, secrets: Secrets, port: number) {
  return {
    version,
    host: config.values.HOST,
    port,
    networkAddresses: Object.values(networkInterfaces()).flatMap(addresses =>
      (addresses ?? []).filter(each => each.family === 'IPv4' && !each.internal).map(each => each.address),
    ),
    database: normalize(config.values.BUS_DB_PATH),
    secretsFile: secrets.file,
    secretsMade: secrets.made.length > 0,
    masterKey: config.secrets.BUS_SECRET?.source,
    password: config.secrets.DASHBOARD_PASSWORD?.source,
  }
}

// The database, its log and the secrets are nobody else's to read.
process.umask(0o077)

let config: Config | undefined
try {
  config = readConfig(process.env)
  await run(config)
} catch (error) {
  const line = startFault(error, config?.values.HOST ?? '', config?.values.PORT ?? 0)
  const complaints = openLineSink(2)
  for (const each of line?.split('\n') ?? [(error as Error).stack ?? error]) {
    complaints.write(`intent-bus: ${each}\n`)
  }
  await closeAll().catch(() => {})
  await complaints.flush()
  process.exit(1)
}

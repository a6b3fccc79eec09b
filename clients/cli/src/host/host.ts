/** What is known of a host before anything on it is looked at: the settings a bus would have, and where its data is. */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '@intent-bus/service/config/config'

export type Host = {
  config: Config
  database: string
  dataDir: string
  keyFile: string
  secretsFile: string
  /** `null`: any free one. */
  port: number | null
  /** What says so. */
  portFrom: 'this shell' | 'bus.url' | 'the default'
  address: string
}

/** Where the bus of that directory listens, or did when it was killed: this shell need not have its PORT. */
function portNoted(dataDir: string): number | null {
  try {
    const { port } = new URL(readFileSync(join(dataDir, 'bus.url'), 'utf8').trim())
    return port === '' ? null : Number(port)
  } catch {
    return null
  }
}

/**
 * @param data the data directory; else what the environment says
 * @throws {Error} when a setting cannot be used; its message names the variable
 */
export async function hostOf(env: NodeJS.ProcessEnv, data: string | undefined): Promise<Host> {
  const { readConfig } = await import('@intent-bus/service/config/config')
  const config = readConfig(data === undefined ? env : { ...env, BUS_DB_PATH: join(data, 'bus.db') })
  const { HOST, PORT, BUS_DB_PATH } = config.values
  const database = resolve(BUS_DB_PATH)
  const noted = env['PORT'] ? null : portNoted(dirname(database))
  return {
    config,
    database,
    dataDir: dirname(database),
    keyFile: resolve(config.keyFile),
    secretsFile: join(dirname(database), 'secrets.env'),
    port: noted ?? (PORT === 0 ? null : PORT),
    portFrom: noted !== null ? 'bus.url' : env['PORT'] ? 'this shell' : 'the default',
    address: HOST,
  }
}

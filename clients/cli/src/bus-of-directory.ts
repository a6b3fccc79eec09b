import { join } from 'node:path'
import { type Config, readConfig } from '@intent-bus/service/config/config'

/** The settings with which a bus would start here. @param data another data directory than theirs */
export function configFor(data: string | undefined): Config {
  return readConfig(data === undefined ? process.env : { ...process.env, BUS_DB_PATH: join(data, 'bus.db') })
}

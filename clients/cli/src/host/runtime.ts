import type { Finding } from '../doctor/finding.ts'

/** Machines for which the database comes compiled. */
const COMPILED_FOR = ['x64', 'arm64']

/** @param version of Node, as `22.18.0` @param arch as `process.arch` */
export function nodeFinding(version: string, arch: string): Finding {
  const check = 'node'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const detail = `Node ${version} on ${arch}`
  if (major < 22 || (major === 22 && minor < 18)) {
    const cure = 'Install Node 24, or start the bus with npm start, which brings its own.'
    return { check, state: 'failed', detail: `${detail}; the bus takes 22.18 or newer`, cure }
  }
  if (!COMPILED_FOR.includes(arch)) {
    const cure =
      'Compile it once: npx node-gyp rebuild --release, in node_modules/better-sqlite3. Better, run a 64-bit system.'
    return { check, state: 'warning', detail: `${detail}, for which SQLite does not come compiled`, cure }
  }
  return { check, state: 'ok', detail }
}

export async function sqliteFinding(): Promise<Finding> {
  const check = 'sqlite'
  try {
    const db = new (await openerOf())(':memory:')
    const version = db.prepare('SELECT sqlite_version()').pluck().get() as string
    db.close()
    return { check, state: 'ok', detail: `SQLite ${version}` }
  } catch (error) {
    const cure =
      'npm ci in the clone; on Android: bash ops/termux/bootstrap.sh. Or take the SQLite inside of Node: BUS_SQLITE_DRIVER=node'
    return { check, state: 'failed', detail: `it cannot be loaded: ${(error as Error).message}`, cure }
  }
}

/** The driver that the bus itself opens its database with. */
export async function openerOf(): Promise<typeof import('better-sqlite3')> {
  const driver = await import('@intent-bus/service/store/sqlite/driver')
  return driver.default
}

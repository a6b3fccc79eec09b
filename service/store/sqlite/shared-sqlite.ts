/**
 * Whether the SQLite behind `node:sqlite` can keep the store. Node brings one of its own, but a system may link Node to its
 * libsqlite, as Termux does: then its version and its options are those of that package.
 */

/** Of `->>`, the newest that the store's SQL uses. https://www.sqlite.org/releaselog/3_38_0.html */
const LEAST = [3, 38] as const
/** Without the first two threads and processes cannot share a database; the last is what lists are read by. */
const REFUSED = ['THREADSAFE=0', 'OMIT_WAL', 'OMIT_JSON']

/**
 * @param version what `sqlite_version()` says
 * @param options what `PRAGMA compile_options` says, a row each
 * @returns why the store cannot be kept by it, or `null`
 */
export function whyUnfit(version: string, options: readonly string[]): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
    return `The SQLite of this Node is ${version}; the bus takes ${LEAST.join('.')} or newer. On Termux: pkg upgrade.`
  }
  const found = options.find(option => REFUSED.includes(option))
  if (found === undefined) return null
  return `The SQLite of this Node is compiled with ${found}; the bus cannot keep its data with that. On Termux: pkg upgrade.`
}

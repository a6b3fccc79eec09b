import { existsSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** As many as Linux follows in one path. */
const MOST_LINKS = 40

/**
 * The file itself, by whatever links it is reached. One that is not there yet counts: SQLite makes it where a link leads to, and
 * its lock and its log are beside it.
 */
export function realFile(path: string): string {
  let file = resolve(path)
  for (let links = 0; links < MOST_LINKS && !existsSync(file); links += 1) {
    const target = linkAt(file)
    if (target === null) break
    file = resolve(dirname(file), target)
  }
  if (existsSync(file)) return realpathSync(file)
  const folder = dirname(file)
  return existsSync(folder) ? join(realpathSync(folder), basename(file)) : file
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    // There is nothing, or it is no link.
    return null
  }
}

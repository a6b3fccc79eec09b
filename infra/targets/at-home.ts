import { homedir } from 'node:os'
import { join } from 'node:path'

/** A path of the configuration, in which `~/` is the home directory, for programs that do not know that. */
export const atHome = (path: string): string =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : path

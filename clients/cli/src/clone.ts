import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const above = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** The clone of the repository that the command is in; `null` when it was installed as a package. */
export const CLONE: string | null = existsSync(`${above}/clients/cli/src`) ? above : null

/** Variables that look like ours and are not: a typo in a limit should not pass in silence. */
import { nearest } from './nearest.ts'
import { BACKUP_SECRET_NAMES, SECRET_NAMES } from './secret-variables.ts'
import { VARIABLES } from './variables.ts'

const SECRETS = [...SECRET_NAMES, ...BACKUP_SECRET_NAMES]
const KNOWN = [...Object.keys(VARIABLES), ...SECRETS, ...SECRETS.map(name => `${name}_FILE`)]

/** One line for each `BUS_…` variable that the bus does not know. Values are never shown. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter(name => name.startsWith('BUS_') && !KNOWN.includes(name))
    .map(name => {
      const near = nearest(name, KNOWN)
      const hint = near === undefined ? '' : ` Did you mean ${near}?`
      return `${name} is not a setting of the bus, and was ignored.${hint}`
    })
}

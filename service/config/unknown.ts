/** Variables that look like ours and are not: a typo in a limit should not pass in silence. */
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

/** The name that was probably meant, if one is near enough. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  // A unit left off is the likeliest slip, and more letters than a typo may have.
  const longer = names.find(known => known.startsWith(`${name}_`))
  if (longer !== undefined) return longer
  const [best] = names
    .map(known => ({ known, distance: editDistance(name, known) }))
    .sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= name.length / 3 ? best.known : undefined
}

/** Insertions, deletions and replacements of one character that turn `a` into `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

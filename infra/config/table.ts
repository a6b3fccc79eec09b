/** The configuration as a table of the docs. `npm run docs` writes it there; a test holds the page to it. */
import { type Key, TARGETS } from './key.ts'
import { KEYS } from './keys.ts'

/** @returns for each key: its name, its default, what it takes, the targets it is for, what it means and an example */
export function configurationRows(): string[][] {
  return (Object.entries(KEYS) as [string, Key<unknown>][]).map(([name, key]) => [
    `\`${name}\``,
    key.neededBy === undefined ? defaultOf(key) : `${defaultOf(key)}; needed by ${listed(key.neededBy)}`,
    `${key.takes[0]!.toUpperCase()}${key.takes.slice(1)}`,
    key.targets.length === TARGETS.length ? 'all' : listed(key.targets),
    `${key.meaning}${key.secret === true ? ' **Secret.**' : ` As \`${key.example}\`.`}`,
  ])
}

export const CONFIGURATION_HEAD = ['Key', 'Default', 'Takes', 'Targets', 'Meaning']

const defaultOf = (key: Key<unknown>): string => key.defaultText ?? `\`${key.default}\``
const listed = (words: readonly string[]): string => words.map(word => `\`${word}\``).join(', ')

/** The configuration as a table of the docs, and as the schema in Pulumi.yaml. `npm run docs` writes both; a test holds the files to it. */
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

/**
 * The same for Pulumi: `config:` in Pulumi.yaml. A key without a default would be one that every stack has to set, and a default of one
 * target is refused for another, so they are empty, which the program takes for unset. (Nor is a secret marked as one: an empty
 * default is not encrypted, and Pulumi would refuse it. The program itself refuses a secret that is not.)
 */
export function configurationSchema(): string {
  const keys = (Object.entries(KEYS) as [string, Key<unknown>][]).map(([name, key]) => {
    const targets = key.targets.length === TARGETS.length ? '' : ` For ${key.targets.join(', ')}.`
    const secret = key.secret === true ? ' Set it by `pulumi config set --secret`.' : ''
    const meaning = key.meaning.replace(/\[([^[\]]{1,80})\]\([^()]{1,80}\)/g, '$1')
    const description = `${meaning} Default: ${key.defaultText ?? key.default}.${targets}${secret}`
    // A map has no type here: a JSON text is taken as well.
    const [type, empty] = name === 'settings' ? [[], '{}'] : [['    type: string'], '""']
    const standard = ALWAYS.includes(name) ? JSON.stringify(key.default) : empty
    const lines = [...type, `    description: ${JSON.stringify(description)}`, `    default: ${standard}`]
    return [`  ${name}:`, ...lines].join('\n')
  })
  return ['config:', ...keys].join('\n')
}

/** What every target has, and may be told. */
const ALWAYS = ['target', 'name']

const defaultOf = (key: Key<unknown>): string => key.defaultText ?? `\`${key.default}\``
const listed = (words: readonly string[]): string => words.map(word => `\`${word}\``).join(', ')

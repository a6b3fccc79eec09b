/** Tables of the docs that are made from the code. `npm run docs` writes them; a test holds them to it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SECRETS } from './config/secret-variables.ts'
import { VARIABLES } from './config/variables.ts'

const CONFIGURATION = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))

/** Each generated part of the page, by the name that its markers carry. */
const TABLES: Record<string, () => string> = { secrets: secretsTable, variables: variablesTable }

/** The page as it should be: everything between its markers made anew. @throws when a marker is missing */
export function withTables(page: string): string {
  let made = page
  for (const [name, table] of Object.entries(TABLES)) {
    const [begin, end] = [`<!-- ${name}: made by service/docs-tables.ts -->`, `<!-- ${name}: end -->`]
    const [from, to] = [made.indexOf(begin), made.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`the page lacks the markers of the table "${name}"`)
    made = `${made.slice(0, from + begin.length)}\n${table()}\n${made.slice(to)}`
  }
  return made
}

export const readConfigurationPage = (): string => readFileSync(CONFIGURATION, 'utf8')

function secretsTable(): string {
  const rows = Object.entries(SECRETS).map(([name, { meaning, takes }]) => [
    `\`${name}\`, \`${name}_FILE\``,
    sentence(takes),
    meaning,
  ])
  return table(['Variable', 'Takes', 'Meaning'], rows)
}

function variablesTable(): string {
  const rows = Object.entries(VARIABLES).map(([name, variable]) => [
    `\`${name}\``,
    variable.defaultText ?? `\`${variable.default}\`${inUnits(name, variable.default)}`,
    sentence(variable.takes),
    variable.meaning,
  ])
  return table(['Variable', 'Default', 'Takes', 'Meaning'], rows)
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const sentence = (text: string): string => text[0]!.toUpperCase() + text.slice(1)

const UNITS = {
  _SECONDS: [
    [86_400, 'd'],
    [3600, 'h'],
  ],
  _BYTES: [
    [1024 * 1024, 'MiB'],
    [1024, 'KiB'],
  ],
} as const

/** ` (7 d)` behind 604800: a default in seconds or bytes as a person would say it. */
function inUnits(name: string, value: string | number | boolean): string {
  for (const [ending, units] of Object.entries(UNITS)) {
    if (!name.endsWith(ending) || typeof value !== 'number') continue
    const unit = units.find(([size]) => value >= size && value % size === 0)
    if (unit !== undefined) return ` (${value / unit[0]} ${unit[1]})`
  }
  return ''
}

if (import.meta.main) writeFileSync(CONFIGURATION, withTables(readConfigurationPage()))

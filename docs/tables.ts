/** Tables of the docs that are made from the code. `npm run docs` writes them; a test holds them to it. */
import { writeFileSync } from 'node:fs'
import { CONFIGURATION_HEAD, configurationRows, configurationSchema } from '../infra/config/table.ts'
import { defaultDocument } from '../service/config/default-document.ts'
import { BACKUP_SECRETS, SECRETS } from '../service/config/secret-variables.ts'
import { VARIABLES } from '../service/config/variables.ts'
import { METRICS } from '../service/metrics/catalogue.ts'
import { pathOf, readPage } from './pages.ts'

/** Each generated part of a page, by the name that its markers carry. */
const PAGES: Record<string, Record<string, () => string>> = {
  'configuration.md': {
    secrets: () => secretsTable(SECRETS),
    'backup-secrets': () => secretsTable(BACKUP_SECRETS),
    variables: variablesTable,
  },
  'http.md': { calls: callsTable },
  'metrics.md': { metrics: metricsTable },
  '../infra/Pulumi.yaml': { keys: configurationSchema },
  'deploy/README.md': { keys: () => table(CONFIGURATION_HEAD, configurationRows()) },
}

/** The pages of docs/ that hold tables made here. */
export const MADE_PAGES = Object.keys(PAGES)

/** A page as it should be: everything between its markers made anew. @throws when a marker is missing */
export function withTables(page: string, text: string): string {
  let made = text
  for (const [name, table] of Object.entries(PAGES[page]!)) {
    const comment = (said: string) => (page.endsWith('.yaml') ? `# ${said}` : `<!-- ${said} -->`)
    const [begin, end] = [comment(`${name}: made by docs/tables.ts`), comment(`${name}: end`)]
    const [from, to] = [made.indexOf(begin), made.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`docs/${page} lacks the markers of the table "${name}"`)
    made = `${made.slice(0, from + begin.length)}\n${table()}\n${made.slice(to)}`
  }
  return made
}

function secretsTable(secrets: Record<string, { meaning: string; takes: string; least?: number }>): string {
  const rows = Object.entries(secrets).map(([name, { meaning, takes, least }]) => [
    `\`${name}\`, \`${name}_FILE\``,
    sentence(takes) + (least === undefined ? '' : `; a new bus: at least ${least}`),
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

function metricsTable(): string {
  const rows = METRICS.map(({ name, kind, labels, help }) => [
    `\`${name}\``,
    kind,
    labels.map(label => `\`${label}\``).join(', '),
    help,
  ])
  return table(['Metric', 'Kind', 'Labels', 'Meaning'], rows)
}

type Described = {
  summary: string
  security: Record<string, unknown>[]
  responses: Record<string, unknown>
}

/** What the first way in of a call is, as a reader knows it. */
const NEEDS: Record<string, string> = {
  apiKey: 'API key',
  adminToken: 'admin token',
  metricsToken: 'metrics token',
}

function callsTable(): string {
  const paths = defaultDocument()['paths'] as Record<string, Record<string, Described>>
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, security, responses }]) => [
      `\`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, '<$1>')}\``,
      summary,
      NEEDS[Object.keys(security[0] ?? {})[0] ?? ''] ?? '',
      Object.keys(responses)
        .filter(status => Number(status) < 400)
        .join(', '),
    ]),
  )
  return table(['Call', 'What it does', 'Needs', 'Answers'], rows)
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

if (import.meta.main) {
  for (const page of MADE_PAGES) writeFileSync(pathOf(page), withTables(page, readPage(page)))
}

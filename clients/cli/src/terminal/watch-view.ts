/** What `watch` draws. */
import type { Overview } from '@intent-bus/client/index'
import { plain, span, styled } from '../output.ts'
import type { Size } from './screen.ts'

type Totals = Overview['totals']
type Rates = Record<keyof Totals, number>

const KEPT = 240
const BARS = '▁▂▃▄▅▆▇█'

/** What was read, and the rates between. */
export class Readings {
  last: Overview | null = null
  missed: Error | null = null
  /** Since the bus started, or since the first look. */
  rates: Rates | null = null
  readonly fulfilled: number[] = []

  add(overview: Overview): void {
    this.rates =
      this.last === null || this.last.startedAt !== overview.startedAt
        ? null
        : ratesBetween(this.last, overview)
    if (this.rates !== null) this.fulfilled.push(this.rates.fulfilled)
    if (this.fulfilled.length > KEPT) this.fulfilled.shift()
    this.last = overview
    this.missed = null
  }

  miss(error: Error): void {
    this.missed = error
  }
}

function ratesBetween(before: Overview, now: Overview): Rates | null {
  const seconds = now.now - before.now
  if (seconds <= 0) return null
  const rate = (name: keyof Totals) => (now.totals[name] - before.totals[name]) / seconds
  const names = Object.keys(now.totals) as (keyof Totals)[]
  return Object.fromEntries(names.map(name => [name, rate(name)])) as Rates
}

/** One line, for logs and pipes. */
export function lineFor({ last, rates }: Readings): string {
  const { intents, waitingClaims } = last!
  const rate = rates === null ? '' : `, ${perSecond(rates.fulfilled)} fulfilled`
  return `${intents.open} open, ${intents.claimed} claimed, ${intents.dead} dead, ${waitingClaims} ${waitingClaims === 1 ? 'worker' : 'workers'} waiting${rate}`
}

export function drawing(
  { last, rates, missed, fulfilled }: Readings,
  url: string,
  { columns, rows }: Size,
): string[] {
  const overview = last!
  const width = Math.min(columns, 100)
  const above = [
    heading(`Intent Bus ${overview.version}`, url, `up ${span(overview.uptimeSeconds)}`, width),
    missed === null ? '' : styled('red', plain(missed.message).slice(0, width)),
    ...tiles(overview, width),
    '',
    ...flow(rates, overview, width),
    '',
    `${styled('dim', 'fulfilled/s')} ${sparkline(fulfilled, width - 12)}`,
    '',
  ]
  const below = ['', styled('dim', 'q ends')]
  return [...above, ...depths(overview, width, rows - above.length - below.length), ...below]
}

const STATES = [
  ['open', 'cyan'],
  ['claimed', 'yellow'],
  ['fulfilled', 'green'],
  ['dead', 'red'],
] as const

/** The four states: two beside each other on a phone, four on a wider screen. */
function tiles({ intents }: Overview, width: number): string[] {
  const perRow = width < 56 ? 2 : 4
  const cell = Math.floor(width / perRow)
  const lines: string[] = []
  for (let start = 0; start < STATES.length; start += perRow) {
    const row = STATES.slice(start, start + perRow)
    lines.push(
      row.map(([state]) => styled('dim', state.padEnd(cell))).join(''),
      row
        .map(([state, colour]) => {
          const count = grouped(intents[state])
          const quiet = state === 'dead' && intents.dead === 0 ? 'dim' : colour
          return styled(['bold', quiet], count) + ' '.repeat(Math.max(0, cell - count.length))
        })
        .join(''),
    )
  }
  return lines
}

function flow(rates: Rates | null, overview: Overview, width: number): string[] {
  const { oldestReadyAgeSeconds: oldest, waitingClaims, issuedKeys } = overview
  const maintenance = overview.maintenance as Overview['maintenance'] | undefined
  const rate = (name: keyof Totals) => (rates === null ? '–' : perSecond(rates[name]))
  return wrapped(
    [
      `published ${rate('published')}`,
      `claimed ${rate('claimed')}`,
      `fulfilled ${rate('fulfilled')}`,
      `failed ${rate('failed')}`,
      `lapsed ${rate('lapsed')}`,
      `died ${rate('dead')}`,
      `oldest ready ${oldest === null ? '–' : span(oldest)}`,
      `workers waiting ${waitingClaims}`,
      `keys ${issuedKeys}`,
      // An older bus says nothing of it.
      ...(maintenance?.on ? ['MAINTENANCE'] : []),
    ],
    width,
  )
}

/** As many beside each other as fit. */
function wrapped(items: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const item of items) {
    const longer = `${lines.at(-1)}   ${item}`
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(item)
  }
  return lines
}

/** By namespace and by goal; where there is one namespace, the tiles have said it. @param rows there are for both */
function depths(overview: Overview, width: number, rows: number): string[] {
  const { namespaces, namespaceCount, goals } = overview
  // On a phone, what is done for good is in the tiles above.
  const shown = STATES.map(([state]) => state).filter(state => width >= 56 || state !== 'fulfilled')
  const byNamespace = namespaces.map(each => ({
    name: plain(each.namespace),
    counts: shown.map(state => each[state]),
  }))
  const byGoal = goals.map(({ namespace, goal, open, claimed }) => ({
    name: namespaceCount > 1 ? `${plain(goal)} (${plain(namespace)})` : plain(goal),
    counts: [open, claimed],
  }))
  if (namespaceCount <= 1) return depthTable('goal', ['open', 'claimed'], byGoal, byGoal.length, width, rows)
  // The head, the line that says how many more, and a gap.
  const half = goals.length === 0 ? rows : Math.max(3, Math.ceil(rows / 2))
  const above = depthTable('namespace', shown, byNamespace, namespaceCount, width, half)
  const left = rows - above.length - 1
  if (goals.length === 0 || left < 3) return above
  return [...above, '', ...depthTable('goal', ['open', 'claimed'], byGoal, byGoal.length, width, left)]
}

type DepthRow = { name: string; counts: number[] }

/** @param all how many rows there are, shown or not @param rows there are for it, head and rest included */
function depthTable(
  what: string,
  states: readonly string[],
  rowsOfIt: readonly DepthRow[],
  all: number,
  width: number,
  rows: number,
): string[] {
  const shown = rowsOfIt.slice(0, Math.max(1, all > rows - 1 ? rows - 2 : rows - 1))
  const cell = width >= 56 ? 11 : 9
  const name = Math.max(10, width - states.length * cell)
  const head = what.padEnd(name) + states.map(state => state.padStart(cell)).join('')
  const lines = shown.map(
    each =>
      each.name.slice(0, name - 1).padEnd(name) +
      each.counts.map(count => grouped(count).padStart(cell)).join(''),
  )
  const more = all - shown.length
  return [styled('dim', head), ...lines, ...(more > 0 ? [styled('dim', `… and ${more} more`)] : [])]
}

function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-Math.max(1, width))
  const most = Math.max(1, ...shown)
  return shown
    .map(value => BARS[Math.min(BARS.length - 1, Math.floor((value / most) * (BARS.length - 1)))])
    .join('')
}

/** Its name and address on the left, how long it is up on the right, as far as there is room. */
function heading(name: string, url: string, up: string, width: number): string {
  const address = url.slice(0, Math.max(0, width - name.length - 2))
  const gap = width - name.length - 2 - address.length - up.length
  return `${styled('bold', name)}  ${styled('dim', address + (gap < 1 ? '' : ' '.repeat(gap) + up))}`
}

const perSecond = (rate: number): string =>
  `${rate < 10 ? Math.round(rate * 10) / 10 : grouped(Math.round(rate))}/s`
const grouped = (count: number): string => count.toLocaleString('en')

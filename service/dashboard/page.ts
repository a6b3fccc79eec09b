import { WIRE_STATES } from '../intent/lifecycle.ts'
import type { Counts, DeadLetter, Depth, Intent, KeyFacts } from '../store/records.ts'
import type { Stats } from '../store/store.ts'
import { button, buttonFor, type FormToken } from './buttons.ts'
import { type Html, html } from './html.ts'
import { stateCell } from './intent-state.ts'
import { HOME, layout } from './layout.ts'
import { type Column, longText, table } from './table.ts'
import { when } from './times.ts'

type ShownKey = Pick<KeyFacts, 'prefix' | 'owner' | 'createdAt' | 'lastUsedAt' | 'expiresAt'>

/** What the button that led here came to. */
export const NOTICES = {
  retried: 'Retried: the intent is open again, with all its attempts.',
  cancelled: 'Cancelled: the intent is a dead letter now, and can be retried.',
  gone: 'Nothing was done: that intent is not there any more, or has moved on meanwhile.',
} as const
export type Notice = keyof typeof NOTICES

export type Page = {
  version: string
  /** Bus time in ms. */
  now: number
  notice: Notice | null
  inMaintenance: boolean
  stats: Stats
  /** The busiest. */
  namespaces: Depth[]
  deadLetters: DeadLetter[]
  recent: Intent[]
  keys: ShownKey[]
  keyCount: number
  formToken: FormToken
}

export function renderPage(page: Page): string {
  const { version, now } = page
  return layout(
    { title: 'Intent Bus', version, now, link: { to: HOME, text: 'Refresh' } },
    html`${page.notice === null ? null : html`<p class="notice" role="status">${NOTICES[page.notice]}</p>`}
${page.inMaintenance ? html`<p class="notice" role="status">Maintenance: all but admins are sent away.</p>` : null}
${counts(page.stats.totals)}
${deadLetters(page)}
${recentIntents(page)}
${namespaces(page)}
${keys(page)}`,
  )
}

const amount = (count: number): string => count.toLocaleString('en-US')

function counts(totals: Counts): Html {
  const cells = WIRE_STATES.map(
    state => html`<div><dt>${state}</dt><dd class="${state}">${amount(totals[state])}</dd></div>`,
  )
  return html`<dl class="counts">${cells}</dl>`
}

function deadLetters(page: Page): Html {
  const columns: Column<DeadLetter>[] = [
    ['Intent', letter => intentCell(letter.intentId, letter.route.goal)],
    ['Namespace', letter => html`${letter.route.namespace}`],
    ['Attempts', letter => html`${letter.attempts}`, 'number'],
    ['Reason', ({ reason, lastError }) => reasonCell(reason, lastError)],
    ['Died', letter => when(letter.createdAt, page.now)],
    ['', letter => button(page.formToken, 'retry', letter.intentId, letter.route.goal), 'action'],
  ]
  const all = page.stats.totals.dead
  return table('Dead letters', page.deadLetters, columns, {
    note: all > page.deadLetters.length ? `the newest ${page.deadLetters.length} of ${amount(all)}` : null,
    cards: true,
    empty: 'None. Intents that run out of attempts, expire or are cancelled end up here.',
  })
}

function reasonCell(reason: string, lastError: string | null): Html {
  const more = lastError === null || lastError === reason ? null : html`<small>${longText(lastError)}</small>`
  return html`${longText(reason)}${more}`
}

function recentIntents(page: Page): Html {
  const columns: Column<Intent>[] = [
    ['Intent', intent => intentCell(intent.id, intent.route.goal)],
    ['Namespace', intent => html`${intent.route.namespace}`],
    ['State', intent => stateCell(intent, page.now), 'roomy'],
    ['Attempts', intent => html`${intent.attempts} of ${intent.maxAttempts}`, 'number'],
    ['Last error', intent => (intent.lastError === null ? null : longText(intent.lastError)), 'roomy'],
    ['Published', intent => when(intent.createdAt, page.now)],
    ['', intent => buttonFor(page.formToken, intent), 'action'],
  ]
  return table('Recent intents', page.recent, columns, {
    note: page.recent.length > 1 ? `the ${page.recent.length} published last` : null,
    cards: true,
    empty: 'None. Publish one with POST /intent.',
  })
}

function namespaces({ namespaces: shown, stats }: Page): Html {
  const columns: Column<Depth>[] = [
    ['Namespace', of => html`${of.namespace}`],
    ...WIRE_STATES.map((state): Column<Depth> => [state, of => html`${amount(of[state])}`, 'number']),
  ]
  return table('Namespaces', shown, columns, {
    note:
      stats.namespaces > shown.length ? `the ${shown.length} busiest of ${amount(stats.namespaces)}` : null,
    empty: 'None. A namespace is there while it holds intents.',
  })
}

function keys(page: Page): Html {
  const columns: Column<ShownKey>[] = [
    ['Key', key => html`<code>${key.prefix}…</code>`],
    ['Owner', key => longText(key.owner)],
    ['Created', key => when(key.createdAt, page.now)],
    ['Last used', ({ lastUsedAt }) => (lastUsedAt === null ? html`never` : when(lastUsedAt, page.now))],
    ['Expires', ({ expiresAt }) => (expiresAt === null ? html`never` : when(expiresAt, page.now))],
  ]
  return table('API keys', page.keys, columns, {
    note:
      page.keyCount > page.keys.length ? `the newest ${page.keys.length} of ${amount(page.keyCount)}` : null,
    empty: 'None but the master key. Issue one with POST /admin/generate_key.',
  })
}

/** The goal, and the id as a link to all that is known of it. Ids of one day begin alike: the end tells them apart. */
function intentCell(id: string, goal: string): Html {
  return html`${longText(goal)}<small><a href="${HOME}/intents/${id}" title="${id}"><code>${id.slice(0, 16)}…</code></a></small>`
}

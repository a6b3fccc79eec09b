import { busiest, total } from '../http/depth.ts'
import { WIRE_STATES, wireState } from '../intent/lifecycle.ts'
import type { DeadLetter, Depth, Intent, KeyFacts } from '../store/records.ts'
import type { Stats } from '../store/store.ts'
import { Html, html } from './html.ts'
import { STYLE } from './style.ts'
import { type Column, longText, table } from './table.ts'
import { moment, when } from './times.ts'

export type ShownKey = Pick<KeyFacts, 'prefix' | 'owner' | 'createdAt' | 'lastUsedAt' | 'expiresAt'>

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
  deadLetters: DeadLetter[]
  recent: Intent[]
  keys: ShownKey[]
  keyCount: number
  formToken(action: Action, id: string): string
}
type Action = 'retry' | 'cancel'

export const HOME = '/admin/dashboard'

/** What a publish has that names none; only others are worth a line. */
const USUAL_PRIORITY = 100

export function renderPage(page: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Intent Bus</title>
${new Html(`<style>${STYLE}</style>`)}
</head>
<body>
<header>
<h1>Intent Bus</h1>
<p class="soft">${page.version} · ${moment(page.now)}</p>
<a href="${HOME}">Refresh</a>
</header>
<main>
${page.notice === null ? null : html`<p class="notice" role="status">${NOTICES[page.notice]}</p>`}
${page.inMaintenance ? html`<p class="notice" role="status">Maintenance: all but admins are sent away.</p>` : null}
${counts(page.stats.depth)}
${deadLetters(page)}
${recentIntents(page)}
${namespaces(page.stats.depth)}
${keys(page)}
</main>
</body>
</html>
`.text
}

const amount = (count: number): string => count.toLocaleString('en-US')

function counts(depth: Depth[]): Html {
  const cells = WIRE_STATES.map(
    state => html`<div><dt>${state}</dt><dd class="${state}">${amount(total(depth, state))}</dd></div>`,
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
    ['', letter => button(page, 'retry', letter.intentId, letter.route.goal), 'action'],
  ]
  const all = total(page.stats.depth, 'dead')
  return table('Dead letters', page.deadLetters, columns, {
    note: all > page.deadLetters.length ? `the newest ${page.deadLetters.length} of ${amount(all)}` : null,
    cards: true,
    empty: 'None. Intents that run out of attempts, expire or are cancelled end up here.',
  })
}

function reasonCell(reason: string, lastError: string | null): Html {
  const more = lastError === null || lastError === reason ? null : html`<small>${longText(lastError)}</small>`
  return html`${reason}${more}`
}

function recentIntents(page: Page): Html {
  const columns: Column<Intent>[] = [
    ['Intent', intent => intentCell(intent.id, intent.route.goal)],
    ['Namespace', intent => html`${intent.route.namespace}`],
    ['State', intent => stateCell(intent, page.now), 'roomy'],
    ['Attempts', intent => html`${intent.attempts} of ${intent.maxAttempts}`, 'number'],
    ['Last error', intent => (intent.lastError === null ? null : longText(intent.lastError)), 'roomy'],
    ['Published', intent => when(intent.createdAt, page.now)],
    ['', intent => buttonFor(page, intent), 'action'],
  ]
  return table('Recent intents', page.recent, columns, {
    note: page.recent.length > 1 ? `the ${page.recent.length} published last` : null,
    cards: true,
    empty: 'None. Publish one with POST /intent.',
  })
}

function stateCell(intent: Intent, now: number): Html {
  const state = wireState(intent.state)
  const { priority } = intent
  return html`<span class="state ${state}">${state}</span>${whatNext(intent, now)}${
    priority === USUAL_PRIORITY ? null : html`<small>priority ${priority}</small>`
  }`
}

function whatNext({ state, runAt, leaseUntil, workerId }: Intent, now: number): Html | null {
  if (state === 'delayed' && runAt > now) return html`<small>due ${when(runAt, now)}</small>`
  if (state !== 'claimed' || leaseUntil === null) return null
  const worker = workerId === null || workerId === '' ? null : html`<small>by <bdi>${workerId}</bdi></small>`
  return html`${worker}<small>lease ends ${when(leaseUntil, now)}</small>`
}

function buttonFor(page: Page, { id, state, route }: Intent): Html | null {
  if (state === 'fulfilled') return null
  return button(page, state === 'dead' ? 'retry' : 'cancel', id, route.goal)
}

function namespaces(depth: Depth[]): Html {
  const shown = busiest(depth)
  const columns: Column<Depth>[] = [
    ['Namespace', of => html`${of.namespace}`],
    ...WIRE_STATES.map((state): Column<Depth> => [state, of => html`${amount(of[state])}`, 'number']),
  ]
  return table('Namespaces', shown, columns, {
    note: depth.length > shown.length ? `the ${shown.length} busiest of ${amount(depth.length)}` : null,
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
  return html`${longText(goal)}<small><a href="/admin/intents/${id}" title="${id}"><code>…${id.slice(-12)}</code></a></small>`
}

const BUTTONS = { retry: 'Retry', cancel: 'Cancel' } as const

function button({ formToken }: Page, action: Action, id: string, goal: string): Html {
  const text = BUTTONS[action]
  return html`<form method="post" action="${HOME}/intents/${id}/${action}"><input type="hidden" name="token" value="${formToken(action, id)}"><button aria-label="${text} ${goal}">${text}</button></form>`
}

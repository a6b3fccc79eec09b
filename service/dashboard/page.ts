import { WIRE_STATES, type WireState, wireState } from '../intent/lifecycle.ts'
import type { DeadLetter, Depth, Intent, Stats } from '../store/store.ts'
import { Html, html } from './html.ts'
import { STYLE } from './style.ts'

export type ShownKey = { prefix: string; owner: string; createdAt: number }

export type Page = {
  version: string
  /** Bus time in ms. */
  now: number
  stats: Stats
  deadLetters: DeadLetter[]
  recent: Intent[]
  keys: ShownKey[]
  keyCount: number
  formToken(action: 'retry' | 'cancel', id: string): string
}

export function renderPage(page: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Intent Bus</title>
${new Html(`<style>${STYLE}</style>`)}
</head>
<body><main>
<header><h1>Intent Bus</h1><span class="soft">${page.version} · ${instant(page.now)} UTC</span></header>
${counts(page.stats.depth)}
${deadLetters(page)}
${recentIntents(page)}
${namespaces(page.stats.depth)}
${keys(page)}
</main></body>
</html>
`.text
}

function counts(depth: Depth[]): Html {
  const total = (state: WireState): number => depth.reduce((sum, of) => sum + of[state], 0)
  const cells = WIRE_STATES.map(
    state => html`<div><dt>${state}</dt><dd class="${state}">${total(state)}</dd></div>`,
  )
  return html`<dl class="counts">${cells}</dl>`
}

function deadLetters({ deadLetters: letters, formToken }: Page): Html {
  const rows = letters.map(
    letter => html`<tr>
<td><code>${letter.intentId}</code></td><td class="wide">${letter.route.goal}</td><td>${letter.route.namespace}</td>
<td class="number">${letter.attempts}</td><td class="wide">${letter.reason}</td><td>${instant(letter.createdAt)}</td>
<td>${button('retry', 'Retry', letter.intentId, formToken('retry', letter.intentId))}</td></tr>`,
  )
  return table(`Dead letters (newest ${letters.length})`, 'Intent|Goal|Namespace|Attempts|Reason|Died|', rows)
}

function recentIntents({ recent, formToken }: Page): Html {
  const rows = recent.map(intent => {
    const state = wireState(intent.state)
    return html`<tr>
<td><code>${intent.id}</code></td><td class="wide">${intent.route.goal}</td><td>${intent.route.namespace}</td>
<td class="${state}">${state}</td><td class="number">${intent.priority}</td>
<td class="number">${intent.attempts}/${intent.maxAttempts}</td><td class="wide">${intent.lastError}</td>
<td>${instant(intent.createdAt)}</td>
<td>${state === 'open' || state === 'claimed' ? button('cancel', 'Cancel', intent.id, formToken('cancel', intent.id)) : null}</td></tr>`
  })
  return table('Recent intents', 'Intent|Goal|Namespace|State|Priority|Attempts|Last error|Published|', rows)
}

function namespaces(depth: Depth[]): Html {
  const rows = depth.map(
    of =>
      html`<tr><td>${of.namespace}</td>${WIRE_STATES.map(state => html`<td class="number">${of[state]}</td>`)}</tr>`,
  )
  return table('Namespaces', `Namespace|${WIRE_STATES.join('|')}`, rows)
}

function keys(page: Page): Html {
  const rows = page.keys.map(
    key =>
      html`<tr><td><code>${key.prefix}…</code></td><td class="wide">${key.owner}</td><td>${instant(key.createdAt)}</td></tr>`,
  )
  return table(`API keys (${page.keyCount})`, 'Key|Owner|Created', rows)
}

function table(title: string, columns: string, rows: Html[]): Html {
  if (rows.length === 0) return html`<section><h2>${title}</h2><p class="soft">None.</p></section>`
  const heads = columns.split('|').map(name => html`<th scope="col">${name}</th>`)
  return html`<section><h2>${title}</h2><div class="scroll"><table>
<thead><tr>${heads}</tr></thead>
<tbody>${rows}</tbody>
</table></div></section>`
}

function button(action: string, text: string, id: string, token: string): Html {
  return html`<form method="post" action="/admin/dashboard/intents/${id}/${action}"><input type="hidden" name="token" value="${token}"><button>${text}</button></form>`
}

function instant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

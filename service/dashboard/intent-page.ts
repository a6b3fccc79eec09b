/** All that is known of one intent, for people. */
import type { DeadLetter, Intent, IntentResult } from '../store/records.ts'
import { buttonFor, type FormToken } from './buttons.ts'
import { type Html, html } from './html.ts'
import { stateCell } from './intent-state.ts'
import { HOME, layout } from './layout.ts'
import { when } from './times.ts'

export type IntentPage = {
  version: string
  /** Bus time in ms. */
  now: number
  intent: Intent
  /** As people know the key that published it: `master`, or its first characters. */
  publisher: string
  /** JSON text. */
  payload: string | null
  result: IntentResult | null
  deadLetter: DeadLetter | null
  formToken: FormToken
}

export function renderIntent(page: IntentPage): string {
  const { version, now, intent, payload, result, formToken } = page
  return layout(
    { title: intent.route.goal, version, now, link: { to: HOME, text: 'All intents' } },
    html`<section class="first"><dl class="facts">${facts(page)}</dl>${buttonFor(formToken, intent)}</section>
${payload === null ? null : text('Payload', readable(payload))}
${result === null ? null : text('Result', result.type === 'json' ? readable(result.text) : result.text)}
<p class="soft">For programs: <code>/admin/intents/${intent.id}</code></p>`,
  )
}

function facts({ intent, publisher, deadLetter, now }: IntentPage): Html[] {
  const { route, progress } = intent
  const time = (ms: number | null) => (ms === null ? null : when(ms, now))
  const words = (said: string | null) => (said === null || said === '' ? null : html`<bdi>${said}</bdi>`)
  const isDead = intent.state === 'dead'
  const known: [string, Html | null][] = [
    ['Id', html`<code>${intent.id}</code>`],
    ['State', stateCell(intent, now)],
    ['Died of', words(deadLetter?.reason ?? null)],
    ['Last error', words(intent.lastError)],
    ['Attempts', html`${intent.attempts} of ${intent.maxAttempts}`],
    [
      'Progress',
      progress === null
        ? null
        : html`${progress.progress} %${progress.message === null ? null : html`: ${words(progress.message)}`}`,
    ],
    ['Namespace', html`${route.namespace}`],
    ['Published', html`${when(intent.createdAt, now)} by <bdi>${publisher}</bdi>`],
    ['Visibility', html`${route.visibility}`],
    ['Only for', words(route.targetWorker)],
    ['Needs', words(route.requiredCapability)],
    ['Claimed', time(intent.claimedAt)],
    ['Worker', words(intent.workerId)],
    [isDead ? 'Died' : 'Done', time(intent.completedAt)],
    ['Expires', intent.state === 'ready' || intent.state === 'delayed' ? time(intent.expiresAt) : null],
  ]
  return known.flatMap(([name, value]) => (value === null ? [] : [html`<dt>${name}</dt><dd>${value}</dd>`]))
}

const text = (title: string, content: string): Html =>
  html`<section><h2>${title}</h2><pre><bdi>${content}</bdi></pre></section>`

/** A member a line. Numbers stay as they were written: a reader that made floats of them would change the long ones. */
function readable(json: string): string {
  const kept = JSON.parse(json, (_name, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? raw(context.source) : value,
  )
  return JSON.stringify(kept, null, 2)
}

/** Node has it since 22; TypeScript's own declarations do not. */
const raw = (source: string): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)

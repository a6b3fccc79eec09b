import { wireState } from '../intent/lifecycle.ts'
import type { Intent } from '../store/records.ts'
import { type Html, html } from './html.ts'
import { when } from './times.ts'

/** What a publish has that names none; only others are worth a line. */
const USUAL_PRIORITY = 100

/** What it is at, and what happens to it next. */
export function stateCell(intent: Intent, now: number): Html {
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

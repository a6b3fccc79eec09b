import type { Intent } from '../store/records.ts'
import { type Html, html } from './html.ts'
import { HOME } from './layout.ts'

export type Action = 'retry' | 'cancel'
/** Makes what a button proves itself with: one for each action on each intent. */
export type FormToken = (action: Action, id: string) => string

const BUTTONS = { retry: 'Retry', cancel: 'Cancel' } as const

export function button(formToken: FormToken, action: Action, id: string, goal: string): Html {
  const text = BUTTONS[action]
  return html`<form method="post" action="${HOME}/intents/${id}/${action}"><input type="hidden" name="token" value="${formToken(action, id)}"><button aria-label="${text} ${goal}">${text}</button></form>`
}

/** What can be done to it now, if anything. */
export function buttonFor(formToken: FormToken, { id, state, route }: Intent): Html | null {
  if (state === 'fulfilled') return null
  return button(formToken, state === 'dead' ? 'retry' : 'cancel', id, route.goal)
}

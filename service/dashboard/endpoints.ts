/** The operators' page, in browsers. */
import type { FastifyRequest } from 'fastify'
import { BusError } from '../errors.ts'
import { actorOf } from '../http/auth/actor.ts'
import { isSameOrigin } from '../http/auth/same-origin.ts'
import { bytesOf } from '../http/bodies/receive.ts'
import type { Terms } from '../http/endpoints/definition.ts'
import { type Endpoint, endpoint, SENT } from '../http/endpoints/endpoint.ts'
import { NAMESPACES_SHOWN } from '../http/endpoints/overview.ts'
import type { Services } from '../http/endpoints/services.ts'
import { IntentParams } from '../http/schemas/fields.ts'
import { string } from '../http/schemas/schema.ts'
import { FormTokens } from './csrf.ts'
import { renderIntent } from './intent-page.ts'
import { HOME } from './layout.ts'
import { NOTICES, type Notice, renderPage } from './page.ts'

const NEWEST_DEAD_LETTERS = {
  namespace: null,
  goal: null,
  cause: null,
  reason: null,
  since: null,
  before: null,
  limit: 50,
}
const NEWEST_INTENTS = {
  publisher: null,
  namespace: null,
  goal: null,
  states: null,
  idStart: null,
  before: null,
  limit: 50,
}
const KEYS_SHOWN = 100

const PAGE = { 200: { description: 'A page for a browser.', media: 'text/html', schema: string() } } as const

/** An empty secret is one that is not configured, and a key that anybody has. */
const formTokens = ({ settings }: Services): FormTokens =>
  new FormTokens(settings.adminSecret || settings.dashboardPassword || settings.secret)

export const dashboardEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: HOME,
    id: 'showDashboard',
    tag: 'Dashboard',
    summary: 'Show the page',
    access: 'admin',
    isPage: true,
    answers: PAGE,
  }).handledBy(services => {
    const { settings, broker, keys, maintenance, clock } = services
    const { store } = broker
    const tokens = formTokens(services)
    return async ({ request }) => {
      const [stats, namespaces, letters, recent] = await Promise.all([
        store.stats(),
        store.depths([], NAMESPACES_SHOWN),
        store.deadLetters(NEWEST_DEAD_LETTERS),
        store.intents(NEWEST_INTENTS),
      ])
      const now = clock.now()
      return renderPage({
        version: settings.version,
        now,
        notice: noticeOf(request),
        inMaintenance: maintenance.on,
        stats,
        namespaces,
        deadLetters: letters?.letters ?? [],
        recent: recent?.intents ?? [],
        keys: keys.list().slice(0, KEYS_SHOWN),
        keyCount: keys.size,
        formToken: (action, id) => tokens.issue(`${action} ${id}`, now),
      })
    }
  }),

  endpoint({
    method: 'get',
    path: `${HOME}/intents/:id`,
    id: 'showIntent',
    tag: 'Dashboard',
    summary: 'Show one intent',
    description: 'For programs there is `/admin/intents/{id}`.',
    access: 'admin',
    isPage: true,
    params: IntentParams,
    answers: PAGE,
    errors: ['not_found'],
  }).handledBy(services => {
    const { settings, broker, keys, clock } = services
    const { store } = broker
    const tokens = formTokens(services)
    return async ({ params: { id } }) => {
      const [intent, payload, result, deadLetter] = await Promise.all([
        store.intent(id),
        store.payload(id),
        store.result(id),
        store.deadLetter(id),
      ])
      if (intent === null) throw new BusError('not_found', 'Intent not found.')
      const now = clock.now()
      return renderIntent({
        version: settings.version,
        now,
        intent,
        publisher: keys.nameOf(intent.route.publisher),
        payload,
        result,
        deadLetter: intent.state === 'dead' ? deadLetter : null,
        formToken: (action, id) => tokens.issue(`${action} ${id}`, now),
      })
    }
  }),

  button('retry', 'retried'),
  button('cancel', 'cancelled'),

  // What a person types who looks for the page.
  shortcut('/admin'),
  shortcut('/dashboard'),
]

function button(action: 'retry' | 'cancel', notice: Notice): Endpoint {
  return endpoint({
    method: 'post',
    path: `${HOME}/intents/:id/${action}`,
    id: `${action}FromDashboard`,
    tag: 'Dashboard',
    summary: `Press the button "${action}" of the page`,
    description: `For programs there is \`/admin/intents/{id}/${action}\`.`,
    access: 'admin',
    isPage: true,
    params: IntentParams,
    form: {
      media: 'application/x-www-form-urlencoded',
      schema: {
        type: 'object',
        properties: {
          token: { type: 'string', description: 'From the page: good for this button, for a while.' },
        },
        required: ['token'],
      },
      example: { token: 'from-the-page' },
    },
    answers: { 303: { description: 'Back to the page.', headers: ['Location'] } },
    errors: ['not_found'],
  }).handledBy(services => {
    const { broker, clock } = services
    const tokens = formTokens(services)
    return async ({ request, reply, params: { id } }) => {
      const token = new URLSearchParams(bytesOf(request).toString('utf8')).get('token') ?? ''
      const isGenuine =
        isSameOrigin(request.headers, request.host) && tokens.accepts(token, `${action} ${id}`, clock.now())
      if (!isGenuine) {
        throw new BusError('forbidden', 'This button is too old, or not from this page. Reload it.')
      }
      const move = broker.interventions[action](id, actorOf(request))
      reply.redirect(await afterwards(notice, move), 303)
      return SENT
    }
  })
}

const shortcut = (path: string): Endpoint =>
  endpoint({
    method: 'get',
    path,
    id: `go${path.replace('/', '').replace(/^./, first => first.toUpperCase())}`,
    tag: 'Dashboard',
    summary: 'Go to the page',
    access: 'open',
    quiet: true,
    isPage: true,
    answers: { 302: { description: 'To the page.', headers: ['Location'] } },
  }).handledBy(() => ({ reply }) => {
    reply.redirect(HOME, 302)
    return SENT
  })

function noticeOf(request: FastifyRequest): Notice | null {
  const { done } = request.query as { done?: unknown }
  return typeof done === 'string' && Object.hasOwn(NOTICES, done) ? (done as Notice) : null
}

/** Where to go from here. An intent that has moved on since the page was made is no error to whoever looks at it. */
async function afterwards(notice: Notice, move: Promise<unknown>): Promise<string> {
  try {
    await move
    return `${HOME}?done=${notice}`
  } catch (error) {
    if (error instanceof BusError && error.code === 'not_found') return `${HOME}?done=gone`
    throw error
  }
}

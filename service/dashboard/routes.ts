import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../errors.ts'
import { actorOf } from '../http/auth/actor.ts'
import { isSameOrigin } from '../http/auth/same-origin.ts'
import { bytesOf } from '../http/bodies/receive.ts'
import { intentId } from '../http/routes/intent-id.ts'
import { NAMESPACES_SHOWN } from '../http/routes/overview.ts'
import type { Parts } from '../http/routes/parts.ts'
import { FormTokens } from './csrf.ts'
import { renderIntent } from './intent-page.ts'
import { HOME } from './layout.ts'
import { NOTICES, type Notice, renderPage } from './page.ts'
import { STYLE_SOURCE } from './style.ts'

const ADMIN = { config: { access: 'admin' } } as const

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
const HTML_TYPE = 'text/html; charset=utf-8'

type Id = { Params: { id: string } }
type Home = { Querystring: { done?: unknown } }

/**
 * The operators' page, in a scope of its own: helmet's hooks cost a few microseconds per request and allocate a promise,
 * which the page can afford and the hot JSON routes need not.
 */
export async function dashboardRoutes(scope: FastifyInstance, parts: Parts): Promise<void> {
  const { settings, broker, keys, maintenance, clock } = parts
  const { store } = broker
  // An empty secret is one that is not configured, and a key that anybody has.
  const tokens = new FormTokens(settings.adminSecret || settings.dashboardPassword || settings.secret)

  await scope.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [STYLE_SOURCE],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Only a server that insists on HTTPS may tell browsers to.
    strictTransportSecurity: settings.enforceHttps ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })

  // What a person types who looks for the page.
  for (const path of ['/admin', '/dashboard']) {
    scope.get(path, { config: { access: 'open', quiet: true } }, (_request, reply) =>
      reply.redirect(HOME, 302),
    )
  }

  scope.get<Home>(HOME, ADMIN, async (request, reply) => {
    const [stats, namespaces, letters, recent] = await Promise.all([
      store.stats(),
      store.depths([], NAMESPACES_SHOWN),
      store.deadLetters(NEWEST_DEAD_LETTERS),
      store.intents(NEWEST_INTENTS),
    ])
    const now = clock.now()
    const page = renderPage({
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
    return reply.header('content-type', HTML_TYPE).send(page)
  })

  scope.get<Id>(`${HOME}/intents/:id`, ADMIN, async (request, reply) => {
    const id = intentId(request)
    const [intent, payload, result, deadLetter] = await Promise.all([
      store.intent(id),
      store.payload(id),
      store.result(id),
      store.deadLetter(id),
    ])
    if (intent === null) throw new BusError('not_found', 'Intent not found.')
    const now = clock.now()
    const page = renderIntent({
      version: settings.version,
      now,
      intent,
      publisher: keys.nameOf(intent.route.publisher),
      payload,
      result,
      deadLetter: intent.state === 'dead' ? deadLetter : null,
      formToken: (action, id) => tokens.issue(`${action} ${id}`, now),
    })
    return reply.header('content-type', HTML_TYPE).send(page)
  })

  scope.post<Id>(`${HOME}/intents/:id/retry`, ADMIN, async (request, reply) => {
    const id = pressed('retry', request)
    return reply.redirect(await afterwards('retried', broker.interventions.retry(id, actorOf(request))), 303)
  })

  scope.post<Id>(`${HOME}/intents/:id/cancel`, ADMIN, async (request, reply) => {
    const id = pressed('cancel', request)
    return reply.redirect(
      await afterwards('cancelled', broker.interventions.cancel(id, actorOf(request))),
      303,
    )
  })

  /** @returns the intent whose button was pressed on a page of ours @throws {BusError} `forbidden` when it was not */
  function pressed(action: 'retry' | 'cancel', request: FastifyRequest<Id>): string {
    const id = intentId(request)
    const token = new URLSearchParams(bytesOf(request).toString('utf8')).get('token') ?? ''
    const genuine =
      isSameOrigin(request.headers, request.host) && tokens.accepts(token, `${action} ${id}`, clock.now())
    if (!genuine) throw new BusError('forbidden', 'This button is too old, or not from this page. Reload it.')
    return id
  }
}

function noticeOf({ query: { done } }: FastifyRequest<Home>): Notice | null {
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

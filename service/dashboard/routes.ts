import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../errors.ts'
import { bytesOf } from '../http/body.ts'
import { intentId } from '../http/routes/intent-id.ts'
import type { Parts } from '../http/routes/parts.ts'
import { FormTokens, isSameOrigin } from './csrf.ts'
import { renderPage } from './page.ts'
import { STYLE_SOURCE } from './style.ts'

const HOME = '/admin/dashboard'
const ADMIN = { config: { access: 'admin' } } as const

const DEAD_LETTERS_SHOWN = 50
const INTENTS_SHOWN = 50
const KEYS_SHOWN = 100

type Id = { Params: { id: string } }

/**
 * The operators' page, in a scope of its own: helmet's hooks cost a few microseconds per request and allocate a promise,
 * which the page can afford and the hot JSON routes need not.
 */
export async function dashboardRoutes(scope: FastifyInstance, parts: Parts): Promise<void> {
  const { settings, broker, keys, clock } = parts
  const tokens = new FormTokens(settings.adminSecret ?? settings.dashboardPassword ?? settings.secret)

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

  scope.get(HOME, ADMIN, async (_request, reply) => {
    const { store } = broker
    const [stats, deadLetters, recent] = await Promise.all([
      store.stats(),
      store.deadLetters(DEAD_LETTERS_SHOWN),
      store.recent(INTENTS_SHOWN),
    ])
    const now = clock.now()
    const page = renderPage({
      version: settings.version,
      now,
      stats,
      deadLetters,
      recent,
      keys: keys.list().slice(0, KEYS_SHOWN),
      keyCount: keys.size,
      formToken: (action, id) => tokens.issue(`${action} ${id}`, now),
    })
    return reply.header('content-type', 'text/html; charset=utf-8').send(page)
  })

  scope.post<Id>(`${HOME}/intents/:id/retry`, ADMIN, async (request, reply) => {
    await broker.retry(pressed('retry', request))
    return reply.redirect(HOME, 303)
  })

  scope.post<Id>(`${HOME}/intents/:id/cancel`, ADMIN, async (request, reply) => {
    await broker.cancel(pressed('cancel', request))
    return reply.redirect(HOME, 303)
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

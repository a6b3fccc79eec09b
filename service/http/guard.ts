/**
 * Who gets past the door, in the order the protocol fixes: HTTPS, the metrics' own credentials, maintenance, API key,
 * signature, rate limit. Two hooks do it all: the first before the body is read (a stranger's body is not worth
 * reading), the second after (a signature covers the body). Both are synchronous for whoever sends the master key unsigned.
 */
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { BusError } from '../errors.ts'
import { ADMIN_CHALLENGE, AdminDoor, MetricsDoor, type Verdict } from './auth/admin.ts'
import type { Caller, KeyRing } from './auth/keys.ts'
import { NONCE_TTL_MS, verifySignature } from './auth/signature.ts'
import { bytesOf } from './body.ts'
import { witnessIfPossible } from './error-handler.ts'
import type { RequestLimits } from './limits/request-limits.ts'
import { type Access, callerOf, takeNonce } from './request.ts'
import { setResponseHeaders } from './response-headers.ts'
import type { AppSettings } from './settings.ts'

export type AuthFailure = 'api_key' | 'signature' | 'admin' | 'metrics'
export const AUTH_FAILURES: readonly AuthFailure[] = ['api_key', 'signature', 'admin', 'metrics']

export type GuardParts = {
  settings: AppSettings
  broker: Broker
  keys: KeyRing
  limits: RequestLimits
  observer: { authFailed(kind: AuthFailure): void }
  /** Wall time in ms, which clients sign with. */
  wallNow: () => number
}

type Done = (error?: Error) => void

const MAINTENANCE_RETRY_S = 30

export function guard(app: FastifyInstance, parts: GuardParts): void {
  const { settings, broker, keys, limits, observer, wallNow } = parts
  const adminDoor = new AdminDoor(settings.adminSecret, settings.dashboardPassword)
  const metricsDoor = new MetricsDoor(settings.metricsToken, adminDoor)

  app.decorateRequest('caller', null)
  app.decorateRequest('nonce', null)
  app.decorateRequest('counted', false)

  app.addHook('onRequest', (request, reply, done) => {
    setResponseHeaders(request, reply)
    const access = accessOf(request)
    if (access === 'open') return done()
    if (settings.enforceHttps && request.protocol !== 'https' && !isLoopback(request.ip)) {
      return done(new BusError('https_required', 'HTTPS required.'))
    }
    if (access === 'admin') return admit(adminDoor.check(request.headers), 'admin', request, reply, done)
    if (access === 'metrics')
      return admit(metricsDoor.check(request.headers), 'metrics', request, reply, done)
    if (settings.maintenance) {
      return done(new BusError('maintenance', 'The bus is in maintenance mode.', MAINTENANCE_RETRY_S))
    }
    if (broker.draining && request.method !== 'GET' && request.method !== 'HEAD') {
      return done(new BusError('draining', 'The bus is shutting down. Try again shortly.', 1))
    }
    identify(request, done)
  })

  app.addHook('preValidation', (request, reply, done) => {
    const { caller } = request
    if (caller === null) return done()
    if (settings.requireSignatures || request.headers['x-signature'] !== undefined) {
      try {
        checkSignature(request, caller)
      } catch (error) {
        observer.authFailed('signature')
        return done(error as Error)
      }
    }
    if (caller.isMaster && request.nonce === null) {
      request.counted = true
      return done()
    }
    account(request, reply).then(() => done(), done)
  })

  function identify(request: FastifyRequest, done: Done): void {
    const apiKey = request.headers['x-api-key']
    if (typeof apiKey !== 'string' || apiKey === '') {
      observer.authFailed('api_key')
      done(new BusError('unauthorized', 'Missing API key'))
      return
    }
    request.caller = keys.find(apiKey)
    if (request.caller === null) {
      observer.authFailed('api_key')
      refuse(new BusError('unauthorized', 'Invalid API key'), request, done)
    } else {
      done()
    }
  }

  function admit(
    verdict: Verdict,
    kind: 'admin' | 'metrics',
    request: FastifyRequest,
    reply: FastifyReply,
    done: Done,
  ): void {
    if (verdict === 'granted') {
      done()
      return
    }
    observer.authFailed(kind)
    reply.header('www-authenticate', ADMIN_CHALLENGE)
    const error = new BusError('unauthorized', 'Authentication required')
    if (verdict === 'absent') done(error)
    else refuse(error, request, done)
  }

  /** A wrong credential is counted; one that is only missing is no guess. */
  function refuse(error: BusError, request: FastifyRequest, done: Done): void {
    limits.countFailure(request).then(() => done(error), done)
  }

  function checkSignature(request: FastifyRequest, caller: Caller): void {
    const value = verifySignature(
      { method: request.method, url: request.raw.url ?? '/', body: bytesOf(request) },
      {
        timestamp: single(request.headers['x-timestamp']),
        nonce: single(request.headers['x-nonce']),
        signature: single(request.headers['x-signature']),
      },
      caller.apiKey(),
      wallNow() / 1000,
    )
    request.nonce = { keyId: caller.keyId, value, expiresAt: broker.now() + NONCE_TTL_MS }
  }

  /** What a request costs its key before the route sees it. A refusal leaves the nonce to the error handler. */
  async function account(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!callerOf(request).isMaster) await limits.count(request, reply)
    else request.counted = true
    if (request.nonce === null || request.routeOptions.config?.writes === true) return
    await witnessIfPossible(broker, takeNonce(request))
  }
}

function accessOf(request: FastifyRequest): Access {
  const access = request.routeOptions.config?.access
  if (access !== undefined) return access
  return request.raw.url?.startsWith('/admin/') ? 'admin' : 'key'
}

const single = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined

export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

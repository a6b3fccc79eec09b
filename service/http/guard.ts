/**
 * Who gets past the door, in the order the protocol fixes: HTTPS, the metrics' own credentials, maintenance, API key,
 * signature, rate limit. Two hooks do it all: the first before the body is read (a stranger's body is not worth
 * reading), the second after (a signature covers the body). Both are synchronous for whoever sends the master key unsigned.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { BusError } from '../errors.ts'
import { witnessIfPossible } from './answers/error-handler.ts'
import { setResponseHeaders } from './answers/response-headers.ts'
import { adminCredential } from './auth/actor.ts'
import { ADMIN_CHALLENGE, AdminDoor, MetricsDoor, type Verdict } from './auth/admin.ts'
import { Devices } from './auth/device.ts'
import { type Caller, type KeyRing, whyShut } from './auth/keys.ts'
import { isSameOrigin } from './auth/same-origin.ts'
import { isGuessable } from './auth/secrets-equal.ts'
import { isStale, NONCE_TTL_MS, verifySignature } from './auth/signature.ts'
import { bytesOf } from './bodies/receive.ts'
import { isLoopback } from './connections/loopback.ts'
import type { ProxyWatch } from './connections/proxy-watch.ts'
import type { Access } from './endpoints/definition.ts'
import type { Secret } from './limits/failed-logins.ts'
import type { RequestLimits } from './limits/request-limits.ts'
import type { MaintenanceMode } from './maintenance-mode.ts'
import { takeNonce } from './request.ts'
import type { AppSettings, KeyVault } from './settings.ts'

export type AuthFailure = 'api_key' | 'signature' | 'admin' | 'metrics'
export const AUTH_FAILURES: readonly AuthFailure[] = ['api_key', 'signature', 'admin', 'metrics']

/** `right`: is it the right one? `guessable`: is it short enough to have been guessed? */
type Attempt = { secret: Secret; right: boolean; guessable: boolean }

export type GuardParts = {
  settings: AppSettings
  broker: Broker
  keys: KeyRing
  vault: Pick<KeyVault, 'derive'>
  limits: RequestLimits
  maintenance: MaintenanceMode
  proxies: ProxyWatch
  observer: { authFailed(kind: AuthFailure): void; timestampStale(): void }
  /** Wall time in ms, which clients sign with. */
  wallNow: () => number
}

const MAINTENANCE_RETRY_S = 30

export function guard(app: FastifyInstance, parts: GuardParts): void {
  const { settings, broker, keys, vault, limits, maintenance, proxies, observer, wallNow } = parts
  const adminDoor = new AdminDoor(settings.adminSecret, settings.dashboardPassword)
  const devices = new Devices(vault, settings.dashboardPassword, wallNow)
  const metricsDoor = new MetricsDoor(settings.metricsToken, adminDoor)

  app.decorateRequest('caller', null)
  app.decorateRequest('nonce', null)
  app.decorateRequest('signedWith', null)
  app.decorateRequest('hasRoom', false)
  app.decorateRequest('counted', false)
  app.decorateRequest('waits', false)

  const closed = () => new BusError('maintenance', 'The bus is in maintenance mode.', MAINTENANCE_RETRY_S)

  app.addHook('onRequest', (request, reply, done) => {
    proxies.look(request)
    setResponseHeaders(request, reply)
    // Reset since it was sent: there is no address any more, and nobody to answer.
    if (request.ip === undefined) return void request.raw.socket.destroy()
    if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1') {
      return done(new BusError('invalid_request', 'The Host header is missing.'))
    }
    const access = accessOf(request)
    if (access === 'open') return done()
    if (settings.enforceHttps && request.protocol !== 'https' && !isLoopback(request.ip)) {
      return done(new BusError('https_required', 'HTTPS required.'))
    }
    if (access === 'admin') return done(admit(adminDoor, 'admin', request, reply))
    if (access === 'metrics') return done(admit(metricsDoor, 'metrics', request, reply))
    if (maintenance.on) return done(closed())
    if (access === 'public') return done()
    // What a worker has to report still counts: its job is done, and would be done twice.
    if (broker.draining && request.routeOptions.config?.begins === true) {
      return done(new BusError('draining', 'The bus is shutting down. Try again shortly.', 1))
    }
    done(identify(request))
  })

  app.addHook('preValidation', (request, reply, done) => {
    const { caller } = request
    if (caller === null) return done()
    // The body may have taken its time, and an admin used it.
    const shut = shutMeanwhile(caller)
    if (shut !== null) return done(shut)
    if (!settings.requireSignatures && request.headers['x-signature'] === undefined) {
      return passOn(request, reply, caller, done)
    }
    try {
      const nonce = signedNonce(request, caller)
      if (nonce instanceof Promise) {
        nonce
          .then(value => {
            rememberNonce(request, caller, value)
            return shutMeanwhile(caller)
          })
          .then(reason => (reason === null ? passOn(request, reply, caller, done) : done(reason)), done)
        return
      }
      rememberNonce(request, caller, nonce)
    } catch (error) {
      return done(error as Error)
    }
    passOn(request, reply, caller, done)
  })

  const shutMeanwhile = (caller: Caller): BusError | null =>
    maintenance.on ? closed() : whyShut(caller, broker.now())

  function passOn(
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    done: (error?: Error) => void,
  ): void {
    if (caller.issued !== null && keys.used(caller, broker.now())) broker.keyUsed(caller.issued.id)
    if (caller.isMaster && request.nonce === null) {
      request.counted = true
      done()
      return
    }
    account(request, reply).then(() => done(), done)
  }

  /** @returns why the request goes no further */
  function identify(request: FastifyRequest): BusError | undefined {
    const apiKey = request.headers['x-api-key']
    if (typeof apiKey !== 'string' || apiKey === '') {
      observer.authFailed('api_key')
      const isElsewhere = request.headers.authorization !== undefined
      return new BusError(
        'unauthorized',
        isElsewhere ? 'Missing API key: it goes into X-API-KEY, not into Authorization.' : 'Missing API key',
      )
    }
    const caller = keys.find(apiKey)
    const attempt: Attempt = { secret: 'api_key', right: caller !== null, guessable: isGuessable(apiKey) }
    const refusal = judge(attempt, 'api_key', request)
    if (refusal !== undefined || caller === null) return refusal
    if (attempt.guessable) limits.failedLogins.letIn('api_key', devices.clientOf(request))
    const shut = whyShut(caller, broker.now())
    if (shut !== null) {
      // It was the right one once: no guess, so it is not counted as one.
      observer.authFailed('api_key')
      return shut
    }
    request.caller = caller
    return undefined
  }

  function admit(
    door: { check(headers: FastifyRequest['headers']): Verdict },
    kind: 'admin' | 'metrics',
    request: FastifyRequest,
    reply: FastifyReply,
  ): BusError | undefined {
    const verdict = door.check(request.headers)
    const right = verdict === 'granted' || verdict === 'guessable'
    const secret = secretOf(kind, request)
    // One that is only missing is no guess: a browser asks without it first.
    if (verdict === 'absent') observer.authFailed(kind)
    const refusal =
      verdict === 'absent'
        ? unauthorized(kind)
        : judge({ secret, right, guessable: verdict !== 'granted' }, kind, request)
    if (refusal?.code === 'unauthorized') reply.header('www-authenticate', ADMIN_CHALLENGE)
    // After the judgement: a forbidden that only right credentials get would tell them past the limit.
    if (refusal === undefined && isForged(request)) {
      return new BusError('forbidden', 'A page of another site may not do this.')
    }
    if (verdict === 'guessable' && refusal === undefined) remember(secret, request, reply)
    return refusal
  }

  /** Nothing is remembered of secrets that are too long to guess: they are let in whatever was guessed before. */
  function remember(secret: Secret, request: FastifyRequest, reply: FastifyReply): void {
    const client = devices.clientOf(request)
    const isBrowser = secret === 'password' && request.raw.url?.startsWith('/admin/dashboard') === true
    if (!isBrowser) limits.failedLogins.letIn(secret, client)
    else if (client.device === null) devices.mark(request, reply)
  }

  function judge(
    attempt: Attempt,
    kind: Exclude<AuthFailure, 'signature'>,
    request: FastifyRequest,
  ): BusError | undefined {
    const { failedLogins } = limits
    // Most are neither wrong nor guessable, and cost nothing here.
    if (attempt.right && !attempt.guessable) return undefined
    const client = devices.clientOf(request)
    const { secret, right } = attempt
    if (!failedLogins.admits(secret, client, right)) return failedLogins.refusal(secret, client, right)
    if (right) return undefined
    observer.authFailed(kind)
    failedLogins.count(secret, client)
    return kind === 'api_key' ? new BusError('unauthorized', 'Invalid API key') : unauthorized(kind)
  }

  /** A promise for a long body. @throws {BusError} */
  function signedNonce(request: FastifyRequest, caller: Caller): string | Promise<string> {
    const timestamp = single(request.headers['x-timestamp'])
    const wallSeconds = wallNow() / 1000
    // Told apart from other bad signatures: somebody has a clock to set.
    if (isStale(timestamp, wallSeconds)) observer.timestampStale()
    return verifySignature(
      { method: request.method, url: request.raw.url ?? '/', body: bytesOf(request) },
      {
        timestamp,
        nonce: single(request.headers['x-nonce']),
        signature: single(request.headers['x-signature']),
      },
      caller.apiKey(),
      wallSeconds,
    )
  }

  /** @throws {BusError} when it was seen before */
  function rememberNonce(request: FastifyRequest, caller: Caller, value: string): void {
    const now = broker.now()
    if (limits.refusedNonces.has(caller.keyId, value, now)) {
      throw new BusError('invalid_signature', 'Replay detected')
    }
    request.signedWith = { keyId: caller.keyId, value, expiresAt: now + NONCE_TTL_MS }
    request.nonce = request.signedWith
  }

  /** What a request costs its key before the route sees it. A refusal leaves the nonce to the error handler. */
  async function account(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await limits.count(request, reply)
    if (request.nonce === null || request.routeOptions.config?.writes === true) return
    await witnessIfPossible(broker, takeNonce(request))
  }
}

/** Which secret was offered: a client that is known for one of them is not known for the others. */
function secretOf(kind: 'admin' | 'metrics', request: FastifyRequest): Secret {
  if (kind === 'metrics' && /^Bearer /i.test(request.headers.authorization ?? '')) return 'metrics'
  return adminCredential(request)
}

/** A browser adds Basic credentials it remembers to whatever any page makes it send. Other clients send no such headers. */
function isForged({ method, headers, host, raw }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || headers['x-admin-token'] !== undefined) return false
  // Any page can make its origin `null`, and over plain HTTP there is no Sec-Fetch-Site: only a form with a token may.
  if (headers.origin === 'null' && !raw.url?.startsWith('/admin/dashboard/')) return true
  return !isSameOrigin(headers, host)
}

function accessOf(request: FastifyRequest): Access {
  const access = request.routeOptions.config?.access
  if (access !== undefined) return access
  return request.raw.url?.startsWith('/admin/') ? 'admin' : 'key'
}

/** What opens it, for whoever has a secret and does not know where it goes. */
const CREDENTIALS = {
  admin: 'the admin token in X-Admin-Token, or the user admin with the password of the dashboard',
  metrics: 'the metrics token in Authorization: Bearer',
}

const unauthorized = (kind: keyof typeof CREDENTIALS): BusError =>
  new BusError('unauthorized', `Authentication required: ${CREDENTIALS[kind]}.`)

const single = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined

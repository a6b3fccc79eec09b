import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../../broker/broker.ts'
import { OpenLimitError } from '../../broker/refusals.ts'
import { storageRefusal } from '../../broker/storage-refusal.ts'
import { BusError, type ErrorCode, errorBody } from '../../errors.ts'
import { StorageError } from '../../store/store.ts'
import { type Caller, openLimitOf } from '../auth/keys.ts'
import type { RequestLimits } from '../limits/request-limits.ts'
import { takeNonce } from '../request.ts'
import type { AppSettings } from '../settings.ts'
import { sendJson } from './answers.ts'

/**
 * Refusals that nothing limits, or that a limit is the cause of: their nonces cost the disk nothing. The nonce of any other request
 * that came to nothing is kept on disk like that of one that did something, so that a replay of it is told apart (403).
 */
const IN_MEMORY = new Set([401, 403, 429])

/** The one place where an error becomes an answer. */
export function handleErrors(
  app: FastifyInstance,
  broker: Broker,
  limits: RequestLimits,
  settings: Pick<AppSettings, 'maxOpenIntents'>,
  observer: { authFailed(kind: 'signature'): void },
): void {
  app.setErrorHandler(async (thrown: FastifyError, request, reply) => {
    let error = asBusError(thrown, request)
    try {
      await countIfNot(thrown, request, reply)
      if (!IN_MEMORY.has(error.status)) await witnessIfPossible(broker, takeNonce(request))
    } catch (refusal) {
      error = asBusError(refusal as Error, request)
    }
    if (IN_MEMORY.has(error.status)) {
      if (await isReplay(request)) error = new BusError('invalid_signature', 'Replay detected')
      limits.refusedNonces.remember(request.signedWith, broker.now())
    }
    // Fastify would close the connection, and whoever still sends meet a reset in the place of the answer: a proxy then makes
    // 502 of it, which clients try again. Node reads and drops the rest, for as long as a request may take.
    if (thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE' || error.code === 'overloaded') {
      reply.removeHeader('connection')
    }
    // Here and not at the check: a replay is found out by the store.
    if (error.code === 'invalid_signature') observer.authFailed('signature')
    return sendError(reply, withRemedy(error, request.caller, settings))
  })

  app.setNotFoundHandler(({ method, url }) => {
    const path = url.split('?', 1)[0]!
    const other = ['GET', 'POST'].find(each => each !== method && app.hasRoute({ method: each, url: path }))
    const hint = other === undefined ? '' : `; it takes ${other}`
    throw new BusError('not_found', `There is nothing at this address for ${method}${hint}.`)
  })

  /** Looked up, not written: no operation has taken the nonce along. */
  async function isReplay({ nonce }: FastifyRequest): Promise<boolean> {
    if (nonce === null) return false
    try {
      return await broker.store.hasNonce(nonce.keyId, nonce.value)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // The refusal stands whether it is one or not.
      return false
    }
  }

  /** One that was refused before it was counted, while its body came (too large, too slow), counts as well. */
  async function countIfNot(thrown: Error, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const isCounted = !(thrown instanceof BusError) || thrown.code === 'request_timeout'
    if (request.caller !== null && !request.counted && isCounted) {
      await limits.count(request, reply)
    }
  }
}

/** The store that refuses an intent too many knows neither the limit nor the key's number. */
function withRemedy(
  error: BusError,
  caller: Caller | null,
  settings: Pick<AppSettings, 'maxOpenIntents'>,
): BusError {
  if (!(error instanceof OpenLimitError) || caller === null || caller.issued === null) return error
  const limit = openLimitOf(caller, settings)
  const remedy = `It is ${limit}: wait until some are done. An admin can raise it: intent-bus keys change ${caller.issued.id} --open-limit ${2 * (limit ?? 0)}`
  return new BusError(error.code, `${error.message} ${remedy}`, error.retryAfter)
}

const STORAGE_TROUBLE = new Set<ErrorCode>(['storage_full', 'storage_failed', 'store_damaged'])

/** Keeps a nonce. A disk that takes no writes does not turn reads into errors: what they say is no secret to the signer. */
export async function witnessIfPossible(
  broker: Broker,
  nonce: Parameters<Broker['witness']>[0],
): Promise<void> {
  try {
    await broker.witness(nonce)
  } catch (error) {
    if (!(error instanceof BusError) || !STORAGE_TROUBLE.has(error.code)) throw error
  }
}

export function sendError(reply: FastifyReply, error: BusError): FastifyReply {
  if (error.retryAfter !== undefined) reply.header('retry-after', `${error.retryAfter}`)
  return sendJson(reply.code(error.status), errorBody(error.code, error.message))
}

/** Fastify's own errors that say more than "bad request". */
const BY_FASTIFY_CODE: Record<string, { code: ErrorCode; message: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'payload_too_large',
    message: 'The body is larger than this bus takes.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'invalid_request',
    message: 'The body is not as long as its Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'invalid_request', message: 'The URL cannot be decoded.' },
}

export function asBusError(
  thrown: Error & { code?: string; statusCode?: number },
  request: FastifyRequest,
): BusError {
  if (thrown instanceof BusError) {
    if (thrown.code === 'internal_error') request.log.error({ reqId: request.id }, thrown.message)
    return thrown
  }
  if (thrown instanceof StorageError) {
    request.log.error({ reqId: request.id, err: thrown }, 'the store could not be read')
    return storageRefusal(thrown)
  }
  const known = BY_FASTIFY_CODE[thrown.code ?? '']
  if (known !== undefined) return new BusError(known.code, known.message)
  if (thrown.statusCode !== undefined && thrown.statusCode >= 400 && thrown.statusCode < 500) {
    return new BusError('invalid_request', 'The request is malformed.')
  }
  request.log.error({ reqId: request.id, err: thrown }, 'unexpected error')
  return new BusError('internal_error', 'Something went wrong here; it has been logged.')
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import { publishedText, sendJson } from '../answers.ts'
import { type JsonBody, jsonBody } from '../body.ts'
import { canonicalJson } from '../canonical-json.ts'
import { digestOf } from '../digest.ts'
import { jsonWithin } from '../json-limits.ts'
import { reader } from '../read.ts'
import { callerOf, takeNonce } from '../request.ts'
import { PublishBody } from '../schemas/requests.ts'
import type { Parts } from './parts.ts'

const readPublish = reader(PublishBody)

export function intentRoutes(app: FastifyInstance, { broker, settings }: Parts): void {
  app.post('/intent', { config: { access: 'key', writes: true } }, async (request, reply) => {
    const caller = callerOf(request)
    const body = jsonBody(request)
    const idempotencyKey = idempotencyKeyOf(request)
    const fields = readPublish(body.fields)
    const payload = jsonWithin(body.text, body.members.get('payload')!, {
      what: 'payload',
      maxDepth: settings.maxDepth,
      maxBytes: settings.maxPayloadBytes,
      tooLarge: 'payload_too_large',
    })
    const published = await broker.publish(
      {
        route: {
          namespace: fields.namespace,
          publisher: caller.keyId,
          visibility: fields.visibility,
          goal: fields.goal,
          targetWorker: fields.target_worker ?? null,
          requiredCapability: fields.required_capability ?? null,
        },
        payload,
        priority: fields.priority,
        delayMs: Math.round(fields.delay * 1000),
        maxAttempts: fields.max_attempts,
        backoffMs: Math.round(fields.backoff_base * 1000),
        openLimit: caller.isMaster ? null : settings.maxOpenIntents,
        idempotency: idempotencyKey === null ? null : { key: idempotencyKey, fingerprint: fingerprint(body) },
      },
      takeNonce(request),
    )
    return sendJson(reply.code(201), publishedText(published.id, published.namespace))
  })
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

function idempotencyKeyOf(request: FastifyRequest): string | null {
  const sent = request.headers['idempotency-key']
  if (sent === undefined || sent === '') return null
  if (typeof sent === 'string' && IDEMPOTENCY_KEY.test(sent)) return sent
  throw new BusError('invalid_request', 'Idempotency-Key takes 1 to 255 visible ASCII characters.')
}

/** The same for two bodies that are the same JSON, however they were printed. */
function fingerprint(body: JsonBody): string {
  return digestOf(canonicalJson(body.text))
}

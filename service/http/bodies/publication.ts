/** What a publisher asks for, from one JSON object: the body of `/intent`, or an item of `/intents`. */
import type { Publish } from '../../broker/verbs.ts'
import { BusError } from '../../errors.ts'
import { type Caller, openLimitOf } from '../auth/keys.ts'
import { digestOf } from '../digest.ts'
import { canonicalSteps } from '../json/canonical.ts'
import { jsonWithin } from '../json/limits.ts'
import type { JsonObject } from '../json/object.ts'
import { atOnce, inTurns } from '../json/turns.ts'
import { PublishBody } from '../schemas/requests.ts'
import type { AppSettings } from '../settings.ts'
import { asSent } from './body.ts'
import { reader } from './read.ts'

const readPublish = reader(PublishBody)

/** Whose canonical text takes less than a turn. */
const SHORT_CHARS = 8 * 1024

/**
 * @returns a promise when its fingerprint takes more than one turn
 * @throws {BusError} naming the field that does not fit
 */
export function publicationOf(
  body: JsonObject,
  idempotencyKey: string | null,
  caller: Caller,
  settings: AppSettings,
): Publish | Promise<Publish> {
  const publish = publishOf(body, caller, settings)
  if (idempotencyKey === null) return publish
  const withFingerprint = (canonical: string): Publish => {
    publish.idempotency = { key: idempotencyKey, fingerprint: digestOf(canonical) }
    return publish
  }
  // The same for two bodies that are the same JSON, however they were printed; and for an item and a body of its own.
  const text = body.textWithout('idempotency_key')
  const steps = canonicalSteps(text)
  return text.length <= SHORT_CHARS ? withFingerprint(atOnce(steps)) : inTurns(steps).then(withFingerprint)
}

function publishOf(body: JsonObject, caller: Caller, settings: AppSettings): Publish {
  const fields = readPublish(body.fields, asSent(body))
  const payload = jsonWithin(body.sent('payload'), {
    what: 'payload',
    maxDepth: settings.maxDepth,
    maxBytes: settings.maxPayloadBytes,
    tooLarge: 'payload_too_large',
  })
  return {
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
    openLimit: openLimitOf(caller, settings),
    idempotency: null,
  }
}

/** What the answer says of a `visibility` that is neither of the two: the intent is private, which was hardly meant. */
export const VISIBILITY_UNKNOWN = 'visibility is neither "public" nor "private": the intent is private'

export const isVisibilityUnknown = ({ fields }: JsonObject): boolean => {
  const { visibility } = fields
  return (
    visibility !== undefined && visibility !== null && visibility !== 'public' && visibility !== 'private'
  )
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** @param sent the header, or the field of an item; `undefined` or `null`: there is none */
export function idempotencyKeyOf(sent: unknown, name: string): string | null {
  if (sent === undefined || sent === null) return null
  if (typeof sent === 'string' && IDEMPOTENCY_KEY.test(sent)) return sent
  throw new BusError('invalid_request', `${name} takes 1 to 255 visible ASCII characters.`)
}

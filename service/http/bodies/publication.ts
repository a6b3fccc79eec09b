/** What a publisher asks for, from one JSON object: the body of `/intent`, or an item of `/intents`. */
import type { Publish } from '../../broker/verbs.ts'
import { BusError } from '../../errors.ts'
import { type Caller, openLimitOf } from '../auth/keys.ts'
import { digestOf } from '../digest.ts'
import type { Terms } from '../endpoints/definition.ts'
import { canonicalSteps } from '../json/canonical.ts'
import { jsonWithin } from '../json/limits.ts'
import type { JsonObject } from '../json/object.ts'
import { anyJson, anyNumber, label, meaning, namespace, text, wholeNumber } from '../schemas/fields.ts'
import { named, object, oneOf, type TypeOf } from '../schemas/schema.ts'
import type { AppSettings } from '../settings.ts'
import { atOnce, inTurns } from '../turns.ts'

/** Ten years. Only keeps `run_at` a date. */
const LONGEST_DELAY_S = 315_360_000

export const publishBody = ({ maxPayloadBytes, maxDepth }: Terms) =>
  named(
    'PublishBody',
    object({
      goal: meaning(
        'What kind of work it is; workers may ask for one kind.',
        text(1, 256, { 'x-trim': true, 'x-number': true, 'x-error': 'invalid_goal' }),
      ),
      payload: anyJson('any JSON, null too', {
        'x-error': 'invalid_payload',
        'x-meaning': `What the worker needs to know: up to ${maxPayloadBytes} bytes as compact JSON, ${maxDepth} levels deep.`,
      }),
      namespace: meaning('Workers see one namespace at a time.', namespace()),
      visibility: oneOf(['private', 'public'], {
        default: 'private',
        'x-lenient': true,
        description: '`public`: workers of any key may take it. Anything unknown is private.',
      }),
      priority: wholeNumber({ minimum: 0, maximum: 1000, default: 100, description: 'higher goes first' }),
      delay: anyNumber({
        minimum: 0,
        maximum: LONGEST_DELAY_S,
        default: 0,
        description: 'seconds until it is due',
      }),
      max_attempts: wholeNumber({
        minimum: 1,
        maximum: 20,
        default: 3,
        description: 'claims before it is dead',
      }),
      backoff_base: anyNumber({
        minimum: 1,
        maximum: 3600,
        default: 5,
        description: 'seconds; doubles with each attempt',
      }),
      target_worker: meaning(
        'Only the worker with this id may take it.',
        label('invalid_target_worker', { 'x-number': true }),
      ),
      required_capability: meaning(
        'Only workers that offer this may take it.',
        label('invalid_required_capability'),
      ),
    }),
  )
type PublishFields = TypeOf<ReturnType<typeof publishBody>>

/** Whose canonical text takes less than a turn. */
const SHORT_CHARS = 8 * 1024

/**
 * @param fields what was read of the body
 * @returns a promise when its fingerprint takes more than one turn
 * @throws {BusError} naming the field that does not fit
 */
export function publicationOf(
  fields: PublishFields,
  body: JsonObject,
  idempotencyKey: string | null,
  caller: Caller,
  settings: AppSettings,
): Publish | Promise<Publish> {
  const publish = publishOf(fields, body, caller, settings)
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

function publishOf(fields: PublishFields, body: JsonObject, caller: Caller, settings: AppSettings): Publish {
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

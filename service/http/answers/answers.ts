/**
 * Answers as JSON text. Payloads and results go out as the text that came in, and the hot answers skip a serialiser:
 * ids, tokens, namespaces and labels are made of characters that need no escaping (the edge saw to it).
 */
import type { FastifyReply } from 'fastify'
import type { Report } from '../../broker/verbs.ts'
import type { BusError } from '../../errors.ts'
import { wireState } from '../../intent/lifecycle.ts'
import type { Claimed, Moved } from '../../store/outcomes.ts'
import type { DeadLetter, Intent, IntentResult } from '../../store/records.ts'
import type { ListedIntent, StatusFields } from '../schemas/shapes.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

export function sendJson(reply: FastifyReply, text: string | Buffer): FastifyReply {
  return reply.header('content-type', JSON_TYPE).send(text)
}

/** Bus ms as the wire has it: unix seconds with a fraction. */
export const seconds = (ms: number): number => ms / 1000
export const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : ms / 1000)
const quotedOrNull = (label: string | null): string => (label === null ? 'null' : `"${label}"`)

export function publishedText(id: string, namespace: string): string {
  return `{"id":"${id}","status":"published","namespace":"${namespace}"}`
}

export function settledText(report: Report): string {
  const extended = report.kind === 'extend' ? `,"extended_by":${report.leaseMs / 1000}` : ''
  return `{"ok":true,"id":"${report.id}"${extended}}`
}

/** In the place of one of many that was refused. @param id as it was sent */
export function refusedText(id: unknown, { code, message }: BusError): string {
  return JSON.stringify({ id: typeof id === 'string' ? id : null, ok: false, error: { code, message } })
}

/** `id` and `claim_token` come before the payload: a worker without a JSON parser takes the first match. */
export function claimedText(c: Claimed): string {
  const { route } = c
  return (
    `{"id":"${c.id}","claim_token":"${c.token}","namespace":"${route.namespace}",` +
    `"goal":${JSON.stringify(route.goal)},"claim_attempts":${c.attempts},"priority":${c.priority},` +
    `"target_worker":${quotedOrNull(route.targetWorker)},` +
    `"required_capability":${quotedOrNull(route.requiredCapability)},` +
    `"claim_timeout":${c.leaseMs / 1000},"payload":${c.payload}}`
  )
}

export function movedText({ id, state }: Pick<Moved, 'id' | 'state'>): string {
  return JSON.stringify({ ok: true, id, status: wireState(state) })
}

export function statusOf(intent: Intent): StatusFields {
  const { route } = intent
  return {
    id: intent.id,
    namespace: route.namespace,
    goal: route.goal,
    status: wireState(intent.state),
    priority: intent.priority,
    visibility: route.visibility,
    claim_attempts: intent.attempts,
    run_at: seconds(intent.runAt),
    claim_expires_at: secondsOrNull(intent.leaseUntil),
    target_worker: route.targetWorker,
    required_capability: route.requiredCapability,
    completed_at: secondsOrNull(intent.completedAt),
    last_error: intent.lastError,
    progress: intent.progress?.progress ?? null,
    progress_message: intent.progress?.message ?? null,
  }
}

/** What only its publisher is told: whose it is, and which worker has it or had it last. */
export const ownStatusOf = (intent: Intent, publisher: string) => ({
  ...statusOf(intent),
  publisher,
  worker_id: intent.workerId,
})

/** `result_type` is there always, `result` and `error` only when set. */
export function resultText(intent: Intent, status: StatusFields, result: IntentResult | null): string {
  const known = {
    ...status,
    result_type: result?.type ?? 'json',
    ...(intent.lastError === null ? {} : { error: intent.lastError }),
  }
  return result === null ? JSON.stringify(known) : withRaw(known, 'result', resultJson(result))
}

export function adminIntentOf(intent: Intent, publisher: string): ListedIntent {
  return {
    ...statusOf(intent),
    publisher,
    worker_id: intent.workerId,
    max_attempts: intent.maxAttempts,
    backoff_base: seconds(intent.backoffMs),
    created_at: seconds(intent.createdAt),
    expires_at: seconds(intent.expiresAt),
    claimed_at: secondsOrNull(intent.claimedAt),
  }
}

export function adminIntentText(
  intent: Intent,
  publisher: string,
  payload: string | null,
  result: IntentResult | null,
): string {
  const known = { ...adminIntentOf(intent, publisher), result_type: result?.type ?? 'json' }
  const text = withRaw(known, 'payload', payload ?? 'null')
  return result === null ? text : `${text.slice(0, -1)},"result":${resultJson(result)}}`
}

export function deadLetterOf(letter: DeadLetter) {
  return {
    intent_id: letter.intentId,
    namespace: letter.route.namespace,
    goal: letter.route.goal,
    attempts: letter.attempts,
    reason: letter.reason,
    created_at: seconds(letter.createdAt),
    last_error: letter.lastError,
    cause: letter.cause,
    worker_id: letter.workerId,
  }
}

export function deadLetterText(letter: DeadLetter, publisher: string, payload: string | null): string {
  const known = { ...deadLetterOf(letter), visibility: letter.route.visibility, publisher }
  return withRaw(known, 'payload', payload ?? 'null')
}

const resultJson = (result: IntentResult): string =>
  result.type === 'text' ? JSON.stringify(result.text) : result.text

/** `known` with one more member, whose value is JSON text already. */
function withRaw(known: object, name: string, json: string): string {
  return `${JSON.stringify(known).slice(0, -1)},"${name}":${json}}`
}

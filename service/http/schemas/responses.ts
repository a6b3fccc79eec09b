/** What each call answers, for the OpenAPI document and for tests; hot answers are built as text (`http/answers.ts`). */
import Type from 'typebox'
import { WIRE_STATES } from '../../intent/lifecycle.ts'

const id = () => Type.String({ pattern: '^[0-9a-f]{32}$' })
const instant = () => Type.Number({ description: 'unix time in seconds, with a fraction' })
const maybe = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const ErrorAnswer = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String() }),
})

export const HealthAnswer = Type.Object({ ok: Type.Boolean(), ts: instant(), version: Type.String() })
export const ReadyAnswer = Type.Object({ ok: Type.Boolean(), reasons: Type.Array(Type.String()) })

export const PublishAnswer = Type.Object({
  id: id(),
  status: Type.Literal('published'),
  namespace: Type.String(),
})

export const ClaimAnswer = Type.Object({
  id: id(),
  claim_token: Type.String(),
  namespace: Type.String(),
  goal: Type.String(),
  claim_attempts: Type.Integer(),
  priority: Type.Integer(),
  target_worker: maybe(Type.String()),
  required_capability: maybe(Type.String()),
  claim_timeout: Type.Number({ description: 'seconds the lease lasts' }),
  payload: Type.Unknown(),
})

export const ExtendAnswer = Type.Object({ ok: Type.Literal(true), id: id(), extended_by: Type.Integer() })
export const SettleAnswer = Type.Object({ ok: Type.Literal(true), id: id() })

const statusFields = {
  id: id(),
  namespace: Type.String(),
  goal: Type.String(),
  status: Type.String({ enum: [...WIRE_STATES] }),
  priority: Type.Integer(),
  visibility: Type.String({ enum: ['private', 'public'] }),
  claim_attempts: Type.Integer(),
  run_at: instant(),
  claim_expires_at: maybe(instant()),
  target_worker: maybe(Type.String()),
  required_capability: maybe(Type.String()),
  completed_at: maybe(instant()),
  last_error: maybe(Type.String()),
}
export const StatusAnswer = Type.Object(statusFields)
export type StatusAnswer = Type.Static<typeof StatusAnswer>

export const ResultAnswer = Type.Object({
  ...statusFields,
  result_type: Type.String({ enum: ['json', 'text'] }),
  error: Type.Optional(Type.String()),
  result: Type.Optional(Type.Unknown()),
})

export const OkAnswer = Type.Object({ ok: Type.Literal(true) })
export const ValueAnswer = Type.Object({ value: Type.String() })
export const KeyAnswer = Type.Object({ api_key: Type.String(), owner: Type.String() })
export const MovedAnswer = Type.Object({
  ok: Type.Literal(true),
  id: id(),
  status: Type.String({ enum: [...WIRE_STATES] }),
})

const deadLetterFields = {
  intent_id: id(),
  namespace: Type.String(),
  goal: Type.String(),
  attempts: Type.Integer(),
  reason: Type.String(),
  created_at: instant(),
}
export const DeadLettersAnswer = Type.Array(Type.Object(deadLetterFields))
export const DeadLetterAnswer = Type.Object({
  ...deadLetterFields,
  visibility: Type.String({ enum: ['private', 'public'] }),
  publisher: Type.String(),
  payload: Type.Unknown(),
})

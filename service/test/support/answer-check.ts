import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CATALOGUE, type ErrorCode } from '../../errors.ts'
import type { Answer, Definition } from '../../http/endpoints/definition.ts'
import { HEADERS, ON_EVERY_ANSWER, RATE_LIMIT } from '../../http/openapi/headers.ts'
import { headersOfRefusal, refusalsOf } from '../../http/openapi/refusals.ts'
import type { Keywords, Schema } from '../../http/schemas/schema.ts'
import { ErrorAnswer } from '../../http/schemas/shapes.ts'

/**
 * Holds each answer of a bus against the definition of its endpoint: status, media type, headers and body, error codes
 * included. One that its definition does not have becomes a 500, and is among the faults, which fail the test in the end.
 */
export class AnswerCheck {
  readonly faults: string[] = []

  /** Before any route is there. */
  watch(app: FastifyInstance): void {
    app.addHook('onSend', (request, reply, payload, done) => {
      const fault = this.#faultOf(request, reply, payload)
      if (fault === null) return done()
      this.faults.push(`${request.method} ${request.url}: ${reply.statusCode}: ${fault}`)
      done(new Error(fault))
    })
  }

  /** @throws when there was an answer that its definition does not have */
  verdict(): void {
    if (this.faults.length > 0) throw new Error(`undefined answers:\n${this.faults.join('\n')}`)
  }

  #faultOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): string | null {
    const { definition } = request.routeOptions.config
    const answer = definition?.answers[reply.statusCode]
    const fault = answer && faultOfAnswer(definition!, answer, reply, payload)
    // A status may be both: 503 is an answer of the readiness probe, too.
    if (fault === null || (fault !== undefined && !isRefusal(payload))) return fault
    return faultOfRefusal(definition, reply, payload)
  }
}

function faultOfAnswer(
  { access }: Definition,
  { schema, media = 'application/json', headers = [] }: Answer,
  reply: FastifyReply,
  payload: unknown,
): string | null {
  const limits = access === 'key' ? RATE_LIMIT : []
  const fault = faultOfHeaders([...ON_EVERY_ANSWER, ...limits, ...headers], reply)
  if (fault !== null) return fault
  if (schema === undefined) return payload ? 'it has a body' : null
  const type = String(reply.getHeader('content-type'))
  if (!type.startsWith(media)) return `it is ${type}, not ${media}`
  return media === 'application/json' ? misfit(schema, parsed(payload)) : null
}

function faultOfRefusal(
  definition: Definition | undefined,
  reply: FastifyReply,
  payload: unknown,
): string | null {
  const body = parsed(payload)
  const fault = misfit(ErrorAnswer, body)
  if (fault !== null) return `it is neither an answer nor an error of this endpoint: ${fault}`
  const { code } = (body as { error: { code: ErrorCode } }).error
  if (CATALOGUE[code].status !== reply.statusCode) return `${code} has another status`
  if (definition === undefined) return null
  const codes = refusalsOf(definition).get(reply.statusCode) ?? []
  if (!codes.includes(code)) return `${code} is no error of this endpoint`
  return faultOfHeaders(headersOfRefusal(codes, definition.access), reply)
}

const isRefusal = (payload: unknown): boolean =>
  typeof payload === 'string' && payload.startsWith('{"error":')

function parsed(payload: unknown): unknown {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}

const ajv = new Ajv2020({ strict: false })
const coercing = new Ajv2020({ strict: false, coerceTypes: true })
const compiled = new Map<object, ValidateFunction>()

/** @returns what of a body is not as the schema of an answer has it */
export function misfit(schema: Schema, value: unknown): string | null {
  let fits = compiled.get(schema)
  if (fits === undefined) {
    fits = ajv.compile(closed(schema) as Keywords)
    compiled.set(schema, fits)
  }
  return fits(value) ? null : ajv.errorsText(fits.errors, { dataVar: 'body' })
}

/** The same, but nothing may be there that the schema does not name. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed)
  if (typeof part !== 'object' || part === null) return part
  const inside = Object.entries(part).map(([keyword, value]) => [keyword, closed(value)])
  const isOpen = !('properties' in part) || 'additionalProperties' in part
  return Object.fromEntries([...inside, ...(isOpen ? [] : [['additionalProperties', false]])])
}

function faultOfHeaders(declared: readonly string[], reply: FastifyReply): string | null {
  for (const [name, { required, schema }] of Object.entries(HEADERS)) {
    const value = reply.getHeader(name.toLowerCase())
    const isDeclared = declared.includes(name)
    if (value === undefined && isDeclared && required) return `it lacks the header ${name}`
    if (value !== undefined && !isDeclared) return `its definition has no header ${name}`
    if (value !== undefined && !coercing.validate(schema, value)) {
      return `${name} is ${value}: ${coercing.errorsText()}`
    }
  }
  return null
}

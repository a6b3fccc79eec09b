import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonItems } from '../bodies/body.ts'
import type { JsonObject } from '../json/object.ts'
import type { Schema, TypeOf } from '../schemas/schema.ts'
import type { Definition } from './definition.ts'
import type { Services } from './services.ts'

/** A definition with the handler that keeps it. */
export type Endpoint = {
  readonly definition: Definition
  readonly handlerOf: (services: Services) => AnyHandler
  /** Whether the handler gives the JSON text of the answer, and not its value. */
  readonly isText: boolean
}

export type AnyCall = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly headers: unknown
  readonly query: unknown
  readonly params: unknown
  readonly body: unknown
  readonly sent: JsonObject | null
  readonly items: JsonItems | null
  readonly readItem: (item: JsonObject) => unknown
}
type AnyHandler = (call: AnyCall) => unknown

/** A request as its definition reads it. What it does not define is not there. */
type Call<D extends Definition> = {
  readonly request: FastifyRequest
  /** For what an answer has besides its body: a header, or another status than the first one of the definition. */
  readonly reply: FastifyReply
  readonly headers: D extends { headersFrom: (request: FastifyRequest) => infer T } ? T : undefined
  readonly query: D extends { query: infer Fields } ? TypeOf<Fields> : undefined
  readonly params: D extends { params: infer Fields } ? TypeOf<Fields> : undefined
  readonly body: D extends { body: { fields: infer Fields } } ? TypeOf<Fields> : undefined
  /** The body as it was sent, for a payload or result that is kept as its text. */
  readonly sent: D extends { body: unknown } ? JsonObject : null
  readonly items: D extends { items: unknown } ? JsonItems : null
  /** @throws {BusError} naming the field of the item that does not fit */
  readonly readItem: (
    item: JsonObject,
  ) => D extends { items: { fields: infer Fields } } ? TypeOf<Fields> : never
}

type Values<Answers> = {
  [status in keyof Answers]: Answers[status] extends { schema: Schema<infer T> } ? T : never
}[keyof Answers]

/** What a handler gives when it has sent the answer by itself: a file, a redirect, nothing at all. */
export const SENT: Sent = { isSent: true }
type Sent = { readonly isSent: true }
type Answered<T> = T | Sent | Promise<T | Sent>

type Handled<D extends Definition, T> = (services: Services) => (call: Call<D>) => Answered<T>

/** The handler gives what the definition's schema describes, and the schema writes it. */
export const endpoint = <const D extends Definition>(definition: D) => ({
  handledBy: (handlerOf: Handled<D, Values<D['answers']>>) => made(definition, handlerOf, false),
})

/**
 * The handler gives JSON text: for hot answers, which are put together by hand, and for those with a payload or result in
 * them, whose text goes out as it came in.
 */
export const textEndpoint = <const D extends Definition>(definition: D) => ({
  handledBy: (handlerOf: Handled<D, string | Buffer>) => made(definition, handlerOf, true),
})

/** From here on the types of one definition are not known any more; `serve` gives the handler what its definition says. */
const made = (definition: Definition, handlerOf: unknown, isText: boolean): Endpoint => ({
  definition,
  handlerOf: handlerOf as Endpoint['handlerOf'],
  isText,
})

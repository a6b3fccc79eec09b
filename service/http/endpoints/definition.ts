/** What an endpoint is, said once: the router, the checks of a request, its answer and the OpenAPI document are made of it. */
import type { FastifyRequest } from 'fastify'
import type { ErrorCode } from '../../errors.ts'
import type { Keywords, ObjectSchema, Schema } from '../schemas/schema.ts'
import type { AppSettings } from '../settings.ts'

/**
 * Who may call a route. Routes that do not exist count as `admin` below /admin/, else as `key`. Both `open` and `public`
 * need no credentials; `public` ones still want HTTPS where it is enforced, and no maintenance.
 */
export type Access = 'open' | 'public' | 'key' | 'admin' | 'metrics'

export type Fields = ObjectSchema<Record<string, Schema>>

/** Of all settings, those that a client can tell anyway: what is taken, how long a lease is. Nothing secret. */
export type Terms = Pick<
  AppSettings,
  | 'version'
  | 'requireSignatures'
  | 'requireClaimToken'
  | 'maxPayloadBytes'
  | 'maxResultBytes'
  | 'maxValueBytes'
  | 'maxDepth'
  | 'maxOpenIntents'
  | 'leaseMs'
>

export type Definition = {
  method: 'get' | 'post'
  /** As the router has it: `/intent/:id`. */
  path: string
  /** Other paths of the same call, each with an id of its own. */
  aliases?: readonly { path: string; id: string }[]
  /** `operationId` of the OpenAPI document. */
  id: string
  tag: Tag
  summary: string
  description?: string
  access: Access
  /** The handler takes the nonce of a signed request along with what it writes. */
  writes?: boolean
  /** Brings or takes new work: a bus that drains refuses it. */
  begins?: boolean
  /** Too frequent and too dull for the log at `info`. */
  quiet?: boolean
  /** For browsers: with the headers that a page needs. */
  isPage?: boolean

  /** What the handler gets as `headers`. It is read first, then the query, the path and the body. @throws {BusError} */
  headersFrom?: (request: FastifyRequest) => unknown
  query?: Fields
  /** Where the query comes from, if not from the URL alone. @throws {BusError} */
  queryFrom?: (request: FastifyRequest) => Readonly<Record<string, unknown>>
  /** The headers that `headersFrom` and `queryFrom` look at, and other names in the query, for the document. */
  parameters?: readonly (Parameter | Alias)[]
  params?: Fields
  body?: Body
  /** In the place of a `body`: a list of such bodies. */
  items?: Items
  /** In the place of a `body`: one that the handler reads itself, as a form. */
  form?: { media: string; schema: Keywords; example: unknown }

  /** By status. The first is the one that is meant unless the handler sets another. */
  answers: Readonly<Record<number, Answer>>
  /** Besides those that come with its access and method (`openapi/refusals.ts`). */
  errors?: readonly ErrorCode[]
}

/** A JSON object. */
export type Body = {
  /** A name makes it one of the document's `components/schemas`. */
  fields: Fields
  /** What else is read of it, which the handler looks at. */
  also?: readonly string[]
  /** The largest payload, result or value in it, in bytes. */
  jsonBytes?: number
  example: unknown
  /** What holds between fields, as JSON Schema for the document; the handler sees to it. */
  rules?: Keywords
  /** No body at all is the same as one without a field. */
  optional?: boolean
}

/** `{"<list>": […]}` of such objects, each read by itself. */
export type Items = Omit<Body, 'optional' | 'also'> & {
  list: string
  /** What an item has besides the fields of a single body, as JSON Schema; the handler looks at it. */
  itemFields: { properties: Keywords; required?: readonly string[] }
  /** In the document's `components/schemas`: the whole body, and an item. */
  name: string
  itemName: string
  /** One that does not fit is refused in its place of the answer; the others are not touched by it. */
  eachByItself?: true
}

export type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  description: string
  schema: Keywords
  required?: true
  deprecated?: true
  allowEmptyValue?: true
  example?: unknown
}

/** Means the same as a parameter of the query: another name for it, or a header that wins. */
export type Alias = Pick<Parameter, 'name' | 'in' | 'description'> & { as: string }

/** Where to go from an answer: the call, and which parts of the answer it takes. */
export type Link = { operationId: string; parameters?: Keywords; requestBody?: unknown }

export type Answer = {
  description: string
  schema?: Schema
  example?: unknown
  /** Else JSON. */
  media?: string
  /** Besides those of every answer; names of `openapi/headers.ts`. */
  headers?: readonly string[]
  links?: Readonly<Record<string, Link>>
}

export const TAGS = {
  Publish: 'Put work on the bus.',
  Work: 'Take work, and say what became of it.',
  Ask: 'What became of an intent.',
  Values: "Small values with a time to live, each API key's own.",
  Admin: 'For operators. API keys open none of it.',
  Dashboard: 'The page of the operators, for browsers.',
  Health: 'Is it there, is it well, and how busy is it.',
} as const
type Tag = keyof typeof TAGS

/** Ids and tokens of the examples. */
export const EXAMPLE = {
  id: '0192f0c4a1b27d3e8f4a5b6c7d8e9f01',
  token: '5d41402abc4b2a76b9719d911017c592',
  at: 1_794_000_000.25,
} as const

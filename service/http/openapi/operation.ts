/** One call of the bus, as the OpenAPI document describes it. A file of `operations/` holds those of one family. */
import type { ErrorCode } from '../../errors.ts'
import type { Access } from '../request.ts'
import type { ObjectSchema, Schema } from '../schemas/schema.ts'
import type { AppSettings } from '../settings.ts'

export type Keywords = Record<string, unknown>
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

type Body = {
  schema: Keywords
  example: unknown
  /** Else JSON. */
  media?: string
  /** No body at all is the same as one without a field. */
  optional?: boolean
}

/** Where to go from an answer: the call, and which parts of the answer it takes. */
export type Link = { operationId: string; parameters?: Keywords; requestBody?: unknown }

export type Answer = {
  description: string
  schema?: Schema
  example?: unknown
  /** Else JSON. */
  media?: string
  /** Besides those of every answer; names of `headers.ts`. */
  headers?: readonly string[]
  links?: Record<string, Link>
}

export type Operation = {
  method: 'get' | 'post'
  /** As the router has it: `/intent/:id`. */
  path: string
  id: string
  tag: Tag
  summary: string
  description?: string
  access: Access
  /** The schemas that the route reads a request with. A test looks over its shoulder. */
  reads?: readonly Fields[]
  parameters?: readonly Parameter[]
  body?: Body
  answers: Record<number, Answer>
  /** Besides those that come with its access and method (`refusals.ts`). */
  errors?: readonly ErrorCode[]
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

const NAME = Symbol('name in components/schemas')

/** Lets a schema stand in the document once, under a name. */
export const named = (name: string, schema: Keywords): Keywords =>
  Object.defineProperty({ ...schema }, NAME, { value: name })
export const nameOf = (schema: object): string | undefined => (schema as { [NAME]?: string })[NAME]

/** Ids and tokens of the examples. */
export const EXAMPLE = {
  id: '0192f0c4a1b27d3e8f4a5b6c7d8e9f01',
  token: '5d41402abc4b2a76b9719d911017c592',
  at: 1_794_000_000.25,
} as const

import { Ajv } from 'ajv'
import { BusError, type ErrorCode } from '../../errors.ts'
import { flawOf } from '../json/text.ts'
import type { Notes } from '../schemas/fields.ts'
import type { ObjectSchema, Schema, TypeOf } from '../schemas/schema.ts'
import { type Bounds, clamp, numeral } from './clamp.ts'

// The notes are keywords of our own, which it need not know.
const ajv = new Ajv({ strict: false })

type FieldSchema = Notes & Partial<Bounds> & { description?: string; default?: unknown; enum?: unknown[] }
type TextOf = (name: string) => string
type Field = {
  name: string
  schema: FieldSchema
  required: boolean
  needed: boolean
  verify: (value: unknown) => boolean
}

/**
 * Makes a function that brings fields into the shape their schema asks for (`schemas/fields.ts` lists the notes it
 * follows) and checks them. Unknown fields are left behind; `null` in a field that may be left out is the same as
 * leaving it out.
 *
 * @returns a function of the fields, and of what gives the text that was sent for one of them: JSON that has been parsed says no
 * more whether a number was `1.0` or `1`
 *
 * The function throws a {@link BusError} that names the first field that does not fit, what it got and what it takes.
 */
export function reader<P extends Record<string, Schema>>(
  schema: ObjectSchema<P>,
): (raw: Readonly<Record<string, unknown>>, textOf?: TextOf) => TypeOf<ObjectSchema<P>> {
  const fields = Object.entries(schema.properties).map(([name, property]): Field => {
    const required = schema.required.includes(name)
    return {
      name,
      schema: property as FieldSchema,
      required,
      needed: required && (property as FieldSchema).default === undefined,
      verify: whenFirstAsked(property),
    }
  })
  return (raw, textOf = name => String(raw[name])) => {
    const read: Record<string, unknown> = {}
    for (const field of fields) {
      const sent = raw[field.name]
      // Most fields are not there.
      const value =
        sent === undefined && !field.needed ? field.schema.default : readField(field, sent, textOf)
      if (value !== undefined) read[field.name] = value
    }
    return read as TypeOf<ObjectSchema<P>>
  }
}

/** Compiled all at the start they took 2.4 MB and 30 ms of it; many are never asked. */
function whenFirstAsked(schema: Schema): (value: unknown) => boolean {
  let validate: ((value: unknown) => boolean) | undefined
  return value => {
    validate ??= ajv.compile(schema)
    return validate(value)
  }
}

function readField(field: Field, raw: unknown, textOf: TextOf): unknown {
  const { schema } = field
  if (schema['x-clamped']) return clamp(raw, schema as Bounds)
  if (schema['x-lenient']) return schema.enum?.includes(raw) ? raw : schema.default

  let value = raw
  if (value === undefined || (value === null && (!field.required || schema.default !== undefined))) {
    if (schema.default !== undefined) return schema.default
    if (!field.required) return undefined
    throw missing(field)
  }
  if (schema['x-numeral'] && typeof value === 'string') value = numeral(value) ?? value
  if (schema['x-number'] && typeof value === 'number') value = textOf(field.name)
  if (typeof value === 'string') {
    if (schema['x-trim']) value = value.trim()
    if (schema['x-cut'] !== undefined) value = (value as string).slice(0, schema['x-cut'])
    if (schema['x-empty'] && value === '') return schema.default
    const flaw = isText(schema) ? flawOf(value as string) : null
    if (flaw !== null) throw flawed(field, flaw)
  }
  if (!field.verify(value)) throw misfit(field, value)
  return value
}

const isText = (schema: FieldSchema): boolean =>
  (schema as { type?: string }).type === 'string' && schema['x-opaque'] !== true

function missing({ name, schema }: Field): BusError {
  const message = schema['x-message']
  if (message !== undefined) return new BusError(schema['x-error'] ?? 'invalid_request', message)
  const takes = schema.description === undefined ? '' : `: it takes ${schema.description}.`
  return new BusError('invalid_request', `Missing ${name}${takes}`)
}

function flawed({ name, schema }: Field, flaw: string): BusError {
  const message = schema['x-message'] ?? `${name} ${flaw}; it takes ${schema.description ?? 'another value'}.`
  return new BusError(schema['x-error'] ?? 'invalid_request', message)
}

function misfit({ name, schema }: Field, value: unknown): BusError {
  const code: ErrorCode = schema['x-error'] ?? 'invalid_request'
  const message = schema['x-message']
  if (message !== undefined) return new BusError(code, message)
  const got = schema['x-private'] ? hidden(value) : excerpt(value)
  return new BusError(code, `${name} takes ${schema.description ?? 'another value'}; it got ${got}.`)
}

const hidden = (value: unknown): string =>
  typeof value === 'string' ? `a text of ${value.length} characters, not shown` : excerpt(typeof value)

const SHOWN_CHARS = 60

function excerpt(value: unknown): string {
  if (typeof value === 'string') {
    const start = JSON.stringify(value.slice(0, SHOWN_CHARS))
    return value.length > SHOWN_CHARS ? `${start}… (${value.length} characters)` : start
  }
  if (value === null) return 'null'
  // Of one that was not built (`json/object.ts`) the length is not known.
  if (Array.isArray(value)) return value.length === 0 ? 'an array' : `an array of ${value.length}`
  return typeof value === 'object' ? 'an object' : String(value)
}

/**
 * What the schema of a request takes on the wire. It describes a value after it was brought into shape; here
 * it is widened by its notes until it refuses nothing that the bus takes.
 */
import type { Fields, Parameter } from '../endpoints/definition.ts'
import type { Notes } from '../schemas/fields.ts'
import type { Keywords, Schema } from '../schemas/schema.ts'

const CLAMPED =
  'Taken as well: a number outside of this range becomes the nearest in it, a number in a text is read, a fraction is dropped where whole numbers are taken, and whatever is no number becomes the default.'

/** The properties of a JSON body. `null` in a field that may be left out is the same as leaving it out. */
export function bodyOf(fields: Fields): Keywords & { properties: Keywords } {
  const properties: Keywords = {}
  const required: string[] = []
  for (const [name, schema] of Object.entries(fields.properties)) {
    const needed = fields.required.includes(name) && !isFilledIn(schema)
    if (needed) required.push(name)
    const taken = onTheWire(schema, !needed)
    properties[name] = (schema as Notes)['x-number'] ? orWholeNumber(taken) : taken
  }
  return { type: 'object', properties, required }
}

export function parametersOf(fields: Fields, place: 'path' | 'query'): Parameter[] {
  return Object.entries(fields.properties).map(([name, schema]) => {
    const { description = '', ...rest } = onTheWire(schema, false)
    const notes = schema as Notes
    return {
      name,
      in: place,
      ...(place === 'path' ? { required: true as const } : {}),
      description: `${description}`,
      ...(notes['x-empty'] ? { allowEmptyValue: true as const } : {}),
      schema: rest,
      ...(notes['x-example'] === undefined ? {} : { example: notes['x-example'] }),
    }
  })
}

const isFilledIn = (schema: Schema): boolean => 'default' in schema

function onTheWire(schema: Schema, nullable: boolean): Keywords {
  const notes = schema as Notes
  const { description, ...plain } = withoutNotes(schema)
  const about = {
    description: sentences(notes['x-meaning'], description as string | undefined, ...habits(notes)),
  }
  if (notes['x-clamped']) {
    const { type, minimum, maximum, default: filled } = plain
    return { ...about, default: filled, anyOf: [{ type, minimum, maximum }, { description: CLAMPED }] }
  }
  if (notes['x-lenient']) {
    const { type, enum: values, default: filled } = plain
    return {
      ...about,
      default: filled,
      anyOf: [{ type, enum: values }, { description: 'Anything else is the default.' }],
    }
  }
  const pattern =
    plain['pattern'] === undefined ? {} : { pattern: widened(plain['pattern'] as string, notes) }
  return { ...about, ...plain, ...pattern, ...(nullable ? orNull(plain) : {}) }
}

function withoutNotes(schema: Schema): Keywords {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keyword.startsWith('x-')))
}

/** Whatever else is a number is taken too, as far as its text fits; a client has no reason to send one. */
const orWholeNumber = ({ type, ...rest }: Keywords): Keywords => ({
  ...rest,
  type: [type, 'integer'].flat(),
})

function orNull({ type, enum: values }: Keywords): Keywords {
  if (type === undefined) return {}
  return { type: [type, 'null'], ...(values === undefined ? {} : { enum: [...(values as unknown[]), null] }) }
}

/** A pattern (`^…$`, no alternatives at its top) for what is trimmed, cut and perhaps empty before the pattern given is held against it. */
function widened(pattern: string, notes: Notes): string {
  let inner = pattern.slice(1, -1)
  const cut = notes['x-cut']
  const characters = /^(\[[^\]]+\])\{/.exec(inner)?.[1]
  if (cut !== undefined && characters !== undefined) inner = `(?:${characters}{${cut}}[^\\x00]*|${inner})`
  if (notes['x-empty']) inner = `(?:${inner})?`
  return notes['x-trim'] ? `^\\s*${inner}\\s*$` : `^${inner}$`
}

function habits(notes: Notes): string[] {
  const said: string[] = []
  if (notes['x-trim']) said.push('white space at both ends is dropped')
  if (notes['x-number']) said.push('a number is taken as its text')
  if (notes['x-cut'] !== undefined) said.push(`what is longer than ${notes['x-cut']} characters is cut`)
  if (notes['x-empty']) said.push('empty is the same as left out')
  return said
}

function sentences(...texts: (string | undefined)[]): string {
  return texts
    .filter(text => text !== undefined)
    .map(text => `${text[0] === '`' ? '' : text[0]!.toUpperCase()}${text[0] === '`' ? text : text.slice(1)}`)
    .map(text => (text.endsWith('.') ? text : `${text}.`))
    .join(' ')
}

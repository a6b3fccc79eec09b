import type { FastifyReply } from 'fastify'
import type { Keywords, Schema } from '../schemas/schema.ts'

type Serialiser = (value: unknown) => string

const serialisers = new WeakMap<Schema, Serialiser>()

/**
 * JSON as the schema of an answer has it: its fields, in its order, and nothing else. Made by fast-json-stringify, which comes
 * with Fastify, when the answer is first given: most are never asked for, and all at the start would take time and memory.
 *
 * @throws when a field that has to be there is not
 */
export function serialise(reply: FastifyReply, schema: Schema, value: unknown): string {
  let write = serialisers.get(schema)
  if (write === undefined) {
    write = reply.compileSerializationSchema(writable(schema) as Keywords) as Serialiser
    serialisers.set(schema, write)
  }
  return write(value)
}

/**
 * The same schema in the words of the serialiser. Of an `anyOf` it would try one after the other, with a validator; of an object
 * without properties it would leave everything out.
 */
function writable(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(writable)
  if (typeof part !== 'object' || part === null) return part
  const schema = part as Keywords
  const [first, second] = (schema['anyOf'] as [Keywords, Keywords] | undefined) ?? []
  if (second?.['type'] === 'null') return { ...(writable(first) as Keywords), nullable: true }
  if (schema['type'] === 'object' && schema['properties'] === undefined) return {}
  return Object.fromEntries(Object.entries(schema).map(([keyword, inner]) => [keyword, writable(inner)]))
}

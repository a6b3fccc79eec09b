import fc from 'fast-check'
import Fastify, { type FastifyReply } from 'fastify'
import { beforeAll, expect, test } from 'vitest'
import { defaultSettings } from '../../config/default-document.ts'
import { serialise } from '../../http/answers/serialise.ts'
import { endpointsOf } from '../../http/endpoints/endpoints.ts'
import type { Schema } from '../../http/schemas/schema.ts'

let reply: FastifyReply
beforeAll(async () => {
  const app = Fastify()
  app.get('/', async (_request, given) => {
    reply = given
    return ''
  })
  await app.inject('/')
})

type Shape = {
  type?: string
  anyOf?: Schema[]
  enum?: string[]
  properties?: Record<string, Schema>
  items?: Schema
  required?: string[]
}

/** Values that the schema lets through, with their fields in its order. */
function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  const { type, anyOf, enum: names, properties, items, required = [] } = schema as Shape
  if ('const' in schema) return fc.constant(schema['const'])
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(valuesOf))
  if (names !== undefined) return fc.constantFrom(...names)
  if (type === 'null') return fc.constant(null)
  if (type === 'string') return fc.string({ unit: 'binary', maxLength: 60 })
  if (type === 'integer') return fc.maxSafeInteger()
  if (type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true })
  if (type === 'boolean') return fc.boolean()
  if (type === 'array') return fc.array(valuesOf(items!), { maxLength: 3 })
  if (properties === undefined) return fc.jsonValue({ maxDepth: 2 })
  const fields = Object.entries(properties)
  return fc
    .tuple(
      ...fields.map(([name, inner]) =>
        required.includes(name) ? valuesOf(inner) : fc.option(valuesOf(inner), { nil: undefined }),
      ),
    )
    .map(values => Object.fromEntries(fields.map(([name], i) => [name, values[i]])))
}

/** Those that the schema writes. */
const answers = endpointsOf(defaultSettings())
  .filter(({ isText }) => !isText)
  .flatMap(({ definition: { method, path, answers } }) =>
    Object.entries(answers).flatMap(([status, { schema, media }]) =>
      schema === undefined || media !== undefined
        ? []
        : [[`${method.toUpperCase()} ${path} ${status}`, schema] as const],
    ),
  )

test.each(answers)('the answer of %s is written as JSON.stringify writes it', (_what, schema) => {
  fc.assert(
    fc.property(valuesOf(schema), value => {
      expect(serialise(reply, schema, value)).toBe(JSON.stringify(value))
    }),
    { numRuns: 30 },
  )
})

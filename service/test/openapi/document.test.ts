import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { defaultDefinitions } from '../../config/default-document.ts'
import { reader } from '../../http/bodies/read.ts'
import type { Definition } from '../../http/endpoints/definition.ts'
import type { Keywords } from '../../http/schemas/schema.ts'
import { busForFile } from '../support/bus.ts'
import { routesOf } from '../support/routes.ts'

const bus = await busForFile()
// biome-ignore lint/suspicious/noExplicitAny: a document that came over the wire
const document: any = (await bus.nobody.get('/openapi.json')).json
const definitions = defaultDefinitions()
const nameOf = ({ method, path }: Definition) => `${method.toUpperCase()} ${path}`

test('the document has every route of the bus, and no other', () => {
  const described = Object.entries<Keywords>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  )
  const served = routesOf(bus.app).filter(route => !route.startsWith('HEAD '))
  expect(described.sort()).toEqual(served.sort())
})

test.each(definitions.map(each => [nameOf(each), each] as const))(
  '%s reads the example of its body',
  (_name, { body, items }) => {
    if (body !== undefined) expect(reader(body.fields)(body.example as Keywords)).toMatchObject({})
    if (items === undefined) return
    const many = (items.example as Record<string, Keywords[]>)[items.list]!
    expect(many.length).toBeGreaterThan(0)
    for (const item of many) expect(reader(items.fields)(item)).toMatchObject({})
  },
)

test.each(definitions.map(each => [nameOf(each), each] as const))(
  '%s names the refusals that no call is spared',
  (_name, { method, path, access }) => {
    const { responses } = document.paths[path.replace(/:(\w+)/g, '{$1}')][method]
    const codes = (status: number): string => responses[status]?.$ref ?? ''
    // What is not ready says so by 503 as well, in a form of its own.
    if (!/^.(health.ready|readyz)$/.test(path)) expect(codes(503)).toMatch(/\boverloaded\b/)
    if (access === 'key' && method === 'post') expect(codes(429)).toMatch(/\blimit_exceeded\b/)
  },
)

const ajv = new Ajv2020({ strict: false })
ajv.addSchema({ ...document, $id: 'document' })

/** Every object of the document, with the way to it as a JSON pointer. */
function* objectsIn(part: unknown, pointer = ''): Iterable<[pointer: string, object: Keywords]> {
  if (typeof part !== 'object' || part === null) return
  yield [pointer, part as Keywords]
  for (const [key, value] of Object.entries(part)) {
    yield* objectsIn(value, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
}
const objects = [...objectsIn(document)]

describe('within the document', () => {
  test('every example fits its schema', () => {
    const withExamples = objects.filter(([, object]) => 'example' in object && 'schema' in object)
    expect(withExamples.length).toBeGreaterThan(40)
    for (const [pointer, { example }] of withExamples) {
      const validate = ajv.compile({ $ref: `document#${encodeURI(pointer)}/schema` })
      validate(example)
      expect(validate.errors, pointer).toBeNull()
    }
  })

  test('every reference leads somewhere, and everything that can be referred to is', () => {
    const targets = new Set(objects.map(([pointer]) => `#${pointer}`))
    const referred = new Set(objects.flatMap(([, { $ref }]) => ($ref === undefined ? [] : [$ref])))
    expect([...referred].filter(ref => !targets.has(ref as string))).toEqual([])
    const kept = ['schemas', 'responses', 'headers', 'parameters'].flatMap(kind =>
      Object.keys(document.components[kind]).map(name => `#/components/${kind}/${name}`),
    )
    expect(kept.filter(ref => !referred.has(ref))).toEqual([])
  })

  test('every call has an id of its own, and links lead to calls', () => {
    const ids = definitions.flatMap(({ id, aliases = [] }) => [id, ...aliases.map(alias => alias.id)])
    expect(new Set(ids).size).toBe(ids.length)
    const links = objects.flatMap(([, { links }]) => Object.values((links as Keywords | undefined) ?? {}))
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) expect(ids).toContain((link as Keywords)['operationId'])
  })

  test('no note of our own is left in a schema', () => {
    expect(objects.flatMap(([, object]) => Object.keys(object).filter(key => key.startsWith('x-')))).toEqual(
      [],
    )
  })
})

/**
 * The bus's OpenAPI document, as this client speaks of it. Three things differ:
 *
 * - names are `claimAttempts` where the wire has `claim_attempts`;
 * - requests have what a client should send, without all that the bus puts up with as well: no `null` for what is left out, no
 *   texts for numbers, nothing that the bus would clamp;
 * - the query of a call is a schema of its own, and so are the error codes, which the document has spread over its answers.
 */
type Keywords = Record<string, unknown>
type Parameter = { name?: string; in?: string; description?: string; schema?: Keywords }
type Operation = { operationId: string; parameters: Parameter[] }

/** @param document what `/openapi.json` answers @returns a document of schemas alone */
export function clientDocument(document: Keywords): Keywords {
  const { schemas } = document['components'] as { schemas: Record<string, Keywords> }
  const bodies = Object.entries(schemas).map(([name, schema]) => [
    name,
    isSent(name) ? sent(schema) : renamed(schema),
  ])
  const operations = Object.values(document['paths'] as Record<string, Record<string, Operation>>)
    .flatMap(methods => Object.values(methods))
    .sort((a, b) => a.operationId.localeCompare(b.operationId))
  return {
    openapi: document['openapi'],
    info: document['info'],
    paths: {},
    components: {
      schemas: {
        ...Object.fromEntries(bodies),
        ...Object.fromEntries(operations.flatMap(queryOf)),
        ErrorCode: { type: 'string', enum: errorCodesIn(document) },
      },
    },
  }
}

/** Names of schemas say which way they go: `PublishBody`, `PublishItem`, and the `PublishAnswer` to them. */
const isSent = (name: string): boolean => /(Body|Item)$/.test(name)

function queryOf({ operationId, parameters }: Operation): [string, Keywords][] {
  const query = parameters.filter(parameter => parameter.in === 'query')
  if (query.length === 0) return []
  const properties = query.map(({ name, description, schema }) => [name, { ...schema, description }])
  const named = operationId[0]!.toUpperCase() + operationId.slice(1)
  return [[`${named}Query`, sent({ type: 'object', properties: Object.fromEntries(properties) })]]
}

/** In the order of their first appearance, which changes with the calls, so sorted. */
function errorCodesIn(part: unknown): string[] {
  const codes = new Set<string>()
  const look = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return
    const { code } = each as { code?: { enum?: string[] } }
    for (const value of code?.enum ?? []) codes.add(value)
    for (const inner of Object.values(each)) look(inner)
  }
  look(part)
  return [...codes].sort()
}

/** A request without what the bus only puts up with, and without what one field asks of another, which the types leave out. */
function sent(schema: Keywords): Keywords {
  return renamed(schema, ({ anyOf, oneOf, ...part }) => {
    const choices = (anyOf ?? oneOf) as Keywords[] | undefined
    if (choices !== undefined && !choices.every(isCondition)) {
      // A schema without a type is for whatever else is taken, and brought into shape.
      const [meant, ...others] = choices
      const isMeant = others.every(({ type, $ref }) => type === undefined && $ref === undefined)
      return isMeant ? { ...part, ...inRange(part, meant!) } : { ...part, anyOf: choices }
    }
    const { type, enum: values } = part as { type?: unknown; enum?: unknown[] }
    // What takes every kind of JSON is left as it is.
    if (!Array.isArray(type) || type.includes('boolean')) return part
    return { ...part, type: type[0], ...(values && { enum: values.filter(value => value !== null) }) }
  })
}

const isCondition = ({ type, required }: Keywords): boolean => type === undefined && required !== undefined

/** What is out of range is clamped without a word, so the range belongs into what an editor shows. */
function inRange({ description }: Keywords, meant: Keywords): Keywords {
  const { minimum, maximum } = meant
  if (minimum === undefined || maximum === undefined) return meant
  return { ...meant, description: `${description} From ${minimum} to ${maximum}.` }
}

/** The same with the names of this language, and with descriptions where the generator looks for them. */
function renamed<Part>(part: Part, change = (schema: Keywords) => schema): Part {
  if (Array.isArray(part)) return part.map(each => renamed(each, change)) as Part
  if (typeof part !== 'object' || part === null) return part
  const schema = change(describedOutside(part as Keywords))
  const entries = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === 'properties') {
      const fields = Object.entries(value as Keywords)
      return [
        keyword,
        Object.fromEntries(fields.map(([name, field]) => [camelName(name), renamed(field, change)])),
      ]
    }
    if (keyword === 'required') return [keyword, (value as string[]).map(camelName)]
    return [keyword, renamed(value, change)]
  })
  return Object.fromEntries(entries) as Part
}

/** `anyOf: [{description}, null]` is a description of the field. */
function describedOutside(schema: Keywords): Keywords {
  const [first] = (schema['anyOf'] ?? []) as Keywords[]
  const description = schema['description'] ?? first?.['description']
  return description === undefined ? schema : { ...schema, description }
}

const camelName = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

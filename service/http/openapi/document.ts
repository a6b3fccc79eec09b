/** The OpenAPI document, put together from the definitions of the endpoints. */

import { MOST_ITEMS } from '../bodies/items.ts'
import type {
  Access,
  Alias,
  Answer,
  Body,
  Definition,
  Items,
  Parameter,
  Terms,
} from '../endpoints/definition.ts'
import { TAGS } from '../endpoints/definition.ts'
import { type Keywords, named, nameOf } from '../schemas/schema.ts'
import { ErrorAnswer } from '../schemas/shapes.ts'
import { HEADERS, headersFor, ON_EVERY_ANSWER, PARAMETERS, RATE_LIMIT } from './headers.ts'
import { refusalResponse, refusalsOf, responseName } from './refusals.ts'
import { SECURITY_SCHEMES, securityOf } from './security.ts'
import { bodyOf, parametersOf } from './wire.ts'

const JSON_MEDIA = 'application/json'

const ABOUT = `A small, durable job bus: publish an intent here, and let a worker elsewhere do it.

Bodies are JSON objects, whatever their \`Content-Type\` says; no body at all is an empty object. Fields and query parameters that are not named here are ignored. Every \`GET\` answers a \`HEAD\` as well. Each answer also carries \`X-Frame-Options\`, \`X-Content-Type-Options\`, \`Referrer-Policy\` and \`Cache-Control: no-store\`. Errors have one shape: programs go by the status and \`error.code\`.`

/** @param terms what the settings of this bus make of its calls */
export function openApiDocument(terms: Terms, definitions: readonly Definition[]): Keywords {
  const components = new Components()
  const paths: Record<string, Keywords> = {}
  for (const definition of definitions.flatMap(withAliases)) {
    const path = definition.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [definition.method]: describe(definition, terms, components) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Intent Bus',
      version: terms.version,
      description: ABOUT,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components.schemas,
      responses: components.responses,
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  }
}

/** The call under each of its paths. */
const withAliases = (definition: Definition): Definition[] => [
  definition,
  ...(definition.aliases ?? []).map(alias => ({
    ...definition,
    ...alias,
    description: `The same as \`${definition.path}\`.`,
  })),
]

function describe(definition: Definition, terms: Terms, components: Components): Keywords {
  const { id, tag, summary, description, access, answers } = definition
  const responses: Keywords = {}
  for (const [status, codes] of refusalsOf(definition)) {
    const name = responseName(codes, access)
    components.responses[name] ??= components.withRefs(refusalResponse(codes, access))
    responses[status] = { $ref: `#/components/responses/${name}` }
  }
  for (const [status, answer] of Object.entries(answers)) {
    responses[status] = responseOf(answer, access, components)
  }
  const shared = Object.keys(PARAMETERS).map(name => ({ $ref: `#/components/parameters/${name}` }))
  const requestBody = requestBodyOf(definition)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(access, terms),
    parameters: [...parametersIn(definition), ...shared],
    ...(requestBody === null ? {} : { requestBody: components.withRefs(requestBody) }),
    responses,
  }
}

function parametersIn({ params, query, parameters = [] }: Definition): Parameter[] {
  const asked = query === undefined ? [] : parametersOf(query, 'query')
  return [
    ...(params === undefined ? [] : parametersOf(params, 'path')),
    ...asked,
    ...parameters.map(each => ('as' in each ? aliasOf(each, asked) : each)),
  ]
}

const aliasOf = ({ as, ...alias }: Alias, query: Parameter[]): Parameter => ({
  ...alias,
  schema: query.find(({ name }) => name === as)!.schema,
  ...(alias.in === 'query' ? { allowEmptyValue: true as const } : {}),
})

function requestBodyOf({ body, items, form }: Definition): Keywords | null {
  if (form !== undefined) return contentOf(form.media, form.schema, form.example)
  if (body !== undefined) return contentOf(JSON_MEDIA, schemaOf(body), body.example, !body.optional)
  if (items !== undefined) return contentOf(JSON_MEDIA, batchOf(items), items.example)
  return null
}

const contentOf = (media: string, schema: Keywords, example: unknown, required = true): Keywords => ({
  required,
  content: { [media]: { schema, example } },
})

function schemaOf({ fields, rules }: Pick<Body, 'fields' | 'rules'>): Keywords {
  return named(nameOf(fields)!, { ...bodyOf(fields), ...rules })
}

function batchOf({ list, name, itemName, itemFields, eachByItself, ...item }: Items): Keywords {
  const one = named(itemName, { allOf: [schemaOf(item), { type: 'object', ...itemFields }] })
  const other = {
    type: 'object',
    description: 'Any other object is refused in its own place of the answer.',
  }
  const items = eachByItself ? { anyOf: [one, other] } : one
  return named(name, {
    type: 'object',
    properties: { [list]: { type: 'array', maxItems: MOST_ITEMS, items } },
    required: [list],
  })
}

function responseOf(answer: Answer, access: Access, components: Components): Keywords {
  const { description, schema, example, media = JSON_MEDIA, headers = [], links } = answer
  const limits = access === 'key' ? RATE_LIMIT : []
  const content = {
    [media]: { schema: schema && components.withRefs(schema), ...(example === undefined ? {} : { example }) },
  }
  return {
    description,
    headers: headersFor([...ON_EVERY_ANSWER, ...limits, ...headers]),
    ...(schema === undefined ? {} : { content }),
    ...(links === undefined ? {} : { links }),
  }
}

/** Collects what the document says once and refers to. */
class Components {
  readonly schemas: Record<string, unknown> = {}
  readonly responses: Record<string, unknown> = {}
  readonly #sources = new Map<string, object>()

  constructor() {
    this.withRefs(ErrorAnswer)
  }

  /** The same, with a reference wherever a schema has a name. */
  withRefs(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(each => this.withRefs(each))
    if (typeof part !== 'object' || part === null) return part
    const name = nameOf(part)
    if (name === undefined) return this.#inside(part)
    const source = this.#sources.get(name)
    if (source === undefined) {
      this.#sources.set(name, part)
      this.schemas[name] = this.#inside(part)
    } else if (source !== part && JSON.stringify(source) !== JSON.stringify(part)) {
      throw new Error(`two schemas have the name ${name}`)
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  #inside(part: object): Keywords {
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, this.withRefs(value)]))
  }
}

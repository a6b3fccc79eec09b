/** The OpenAPI document, put together from the table of operations. */
import type { Access } from '../request.ts'
import * as shapes from '../schemas/responses.ts'
import { HEADERS, headersFor, ON_EVERY_ANSWER, PARAMETERS, RATE_LIMIT } from './headers.ts'
import { type Answer, type Keywords, nameOf, type Operation, TAGS, type Terms } from './operation.ts'
import { operationsOf } from './operations.ts'
import { refusalResponse, refusalsOf, responseName } from './refusals.ts'
import { SECURITY_SCHEMES, securityOf } from './security.ts'

const JSON_MEDIA = 'application/json'

const ABOUT = `A small, durable job bus: publish an intent here, and let a worker elsewhere do it.

Bodies are JSON objects, whatever their \`Content-Type\` says; no body at all is an empty object. Fields and query parameters that are not named here are ignored. Every \`GET\` answers a \`HEAD\` as well. Each answer also carries \`X-Frame-Options\`, \`X-Content-Type-Options\`, \`Referrer-Policy\` and \`Cache-Control: no-store\`. Errors have one shape: programs go by the status and \`error.code\`.`

/** @param terms what the settings of this bus make of its calls */
export function openApiDocument(terms: Terms): Keywords {
  const parts = new Components()
  const paths: Record<string, Keywords> = {}
  for (const operation of operationsOf(terms)) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method]: describe(operation, terms, parts) }
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
      schemas: parts.schemas,
      responses: parts.responses,
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  }
}

function describe(operation: Operation, terms: Terms, parts: Components): Keywords {
  const { id, tag, summary, description, access, parameters = [], body, answers } = operation
  const responses: Keywords = {}
  for (const [status, codes] of refusalsOf(operation)) {
    const name = responseName(codes, access)
    parts.responses[name] ??= parts.withRefs(refusalResponse(codes, access))
    responses[status] = { $ref: `#/components/responses/${name}` }
  }
  for (const [status, answer] of Object.entries(answers)) {
    responses[status] = responseOf(answer, access, parts)
  }
  const shared = Object.keys(PARAMETERS).map(name => ({ $ref: `#/components/parameters/${name}` }))
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(access, terms),
    parameters: [...parameters, ...shared],
    ...(body === undefined ? {} : { requestBody: requestBody(body, parts) }),
    responses,
  }
}

function requestBody(
  { media = JSON_MEDIA, schema, example, optional = false }: NonNullable<Operation['body']>,
  parts: Components,
) {
  return { required: !optional, content: { [media]: { schema: parts.withRefs(schema), example } } }
}

function responseOf(answer: Answer, access: Access, parts: Components): Keywords {
  const { description, schema, example, media = JSON_MEDIA, headers = [], links } = answer
  const limits = access === 'key' ? RATE_LIMIT : []
  const content = {
    [media]: { schema: schema && parts.withRefs(schema), ...(example === undefined ? {} : { example }) },
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
  readonly #shapes = new Map<unknown, string>(Object.entries(shapes).map(([name, shape]) => [shape, name]))

  constructor() {
    this.withRefs(shapes.ErrorAnswer)
  }

  /** The same, with a reference wherever a schema has a name. */
  withRefs(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(each => this.withRefs(each))
    if (typeof part !== 'object' || part === null) return part
    const name = nameOf(part) ?? this.#shapes.get(part)
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

/** The calls of a bus, read from the document that it gives of itself. */

export type Schema = {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  anyOf?: Schema[]
  items?: Schema
  maxItems?: number
  properties?: Record<string, Schema>
  required?: string[]
}

export type Parameter = { name: string; in: 'path' | 'query' | 'header'; schema: Schema; required?: boolean }

export type Call = {
  method: string
  /** As in the document: `/status/{id}`. */
  path: string
  parameters: readonly Parameter[]
  /** `null`: it has no body. */
  body: Schema | null
  /** Status → the error codes that it may come with; none for a success. */
  answers: ReadonlyMap<number, ReadonlySet<string>>
}

// biome-ignore lint/suspicious/noExplicitAny: a document from outside
type Any = any

export async function callsOf(base: string): Promise<Call[]> {
  const document: Any = await (await fetch(`${base}/openapi.json`)).json()
  const whole = (part: Any): Any => resolved(part, document)
  return Object.entries<Any>(document.paths).flatMap(([path, operations]) =>
    Object.entries<Any>(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      parameters: whole(operation.parameters ?? []),
      body: bodySchema(whole(operation.requestBody)),
      answers: new Map(
        Object.entries<Any>(operation.responses).map(([status, answer]) => [
          Number(status),
          codesOf(whole(answer)),
        ]),
      ),
    })),
  )
}

/** The same with all its references followed. No schema of the document is in itself. */
function resolved(part: Any, document: Any): Any {
  if (Array.isArray(part)) return part.map(each => resolved(each, document))
  if (typeof part !== 'object' || part === null) return part
  if (typeof part.$ref === 'string') {
    const names: string[] = part.$ref.split('/').slice(1)
    return resolved(
      names.reduce((inside: Any, name) => inside[name], document),
      document,
    )
  }
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, resolved(each, document)]))
}

function bodySchema(body: Any): Schema | null {
  if (body === undefined) return null
  return Object.values<Any>(body.content)[0].schema
}

function codesOf(answer: Any): Set<string> {
  const parts: Any[] = answer.content?.['application/json']?.schema?.allOf ?? []
  return new Set(parts.flatMap(part => part.properties?.error?.properties?.code?.enum ?? []))
}

/** One request to the bus that is looked at. Nothing is tried again: what a client would get is what counts. */

export type Reply = { status: number; headers: Headers; text: string }

export type Call = {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  /** Goes as JSON. */
  body?: unknown
  /** For the whole answer, in ms. */
  withinMs?: number
}

/** What the bus did, and what it should have done. */
export class Fault extends Error {}

/** @throws {Fault} when no whole answer comes in time */
export async function call(base: string, path: string, options: Call = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, withinMs = 20_000 } = options
  try {
    const answer = await fetch(base + path, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string; message?: string } }
    const why =
      name === 'TimeoutError'
        ? `nothing within ${withinMs / 1000} s`
        : (cause?.code ?? cause?.message ?? name)
    throw new Fault(`${method} ${path}: no answer (${why})`)
  }
}

/** The fields of a JSON object. @throws {Fault} when the text is something else */
export function fieldsOf({ text }: Reply, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new Fault(`${what} answered what is not a JSON object: ${JSON.stringify(text.slice(0, 80))}`)
}

/** @throws {Fault} that quotes the answer */
export function expectStatus(reply: Reply, status: number, what: string): void {
  if (reply.status === status) return
  throw new Fault(`${what} is ${status}; it was ${reply.status} ${JSON.stringify(reply.text.slice(0, 120))}`)
}

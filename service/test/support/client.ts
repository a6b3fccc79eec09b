import { sign } from './signing.ts'

export type Answer = {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is what a test looks into
  json: any
}
export type Headings = Record<string, string>
export type Claim = {
  id: string
  claim_token: string
  namespace: string
  goal: string
  payload: unknown
  claim_attempts: number
  priority: number
  target_worker: string | null
  required_capability: string | null
  claim_timeout: number
}
export type Refusal = { status: number; code: string; message: string }

export async function call(
  url: string,
  method: string,
  headers: Headings,
  body?: string | Uint8Array,
): Promise<Answer> {
  const { signal } = hangUp
  const init: RequestInit = { method, headers, redirect: 'manual', signal }
  if (body !== undefined) init.body = body as NonNullable<RequestInit['body']>
  try {
    const response = await fetch(url, init)
    const text = await response.text()
    const answer = { status: response.status, headers: response.headers, text, json: parsed(text) }
    listener(method, url, answer)
    return answer
  } catch (error) {
    // Nobody waits for it any more.
    if (signal.aborted) return new Promise(() => {})
    throw error
  }
}

let listener: (method: string, url: string, answer: Answer) => void = () => {}

/** @param listen hears of every answer from now on, in the place of who heard before */
export function onAnswer(listen: typeof listener): void {
  listener = listen
}

let hangUp = new AbortController()

/** Ends every call that is still under way: a long poll that a test has left behind would take what the next one publishes. */
export function hangUpAll(): void {
  hangUp.abort()
  hangUp = new AbortController()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Somebody who talks to the bus, with the headers that say who. */
export class Client {
  readonly base: string
  readonly headers: Headings
  readonly key: string

  constructor(base: string, headers: Headings) {
    this.base = base
    this.headers = headers
    this.key = headers['x-api-key'] ?? ''
  }

  with(headers: Headings): Client {
    return new Client(this.base, { ...this.headers, ...headers })
  }

  get(path: string, headers: Headings = {}): Promise<Answer> {
    return call(this.base + path, 'GET', { ...this.headers, ...headers })
  }

  /** @param body an object goes out as JSON, a text as it is, nothing as an empty body; always with a JSON content type */
  post(path: string, body?: object | string | Uint8Array, headers: Headings = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const sent = raw ? body : body === undefined ? '' : JSON.stringify(body)
    const all = { 'content-type': 'application/json', ...this.headers, ...headers }
    return call(this.base + path, 'POST', all, sent)
  }

  /** As the SDK does it: every request signed. */
  signed(method: 'GET' | 'POST', path: string, body: string, signing: Parameters<typeof sign>[1]) {
    const headers = { ...this.headers, ...sign({ method, path, body, key: this.key }, signing) }
    return method === 'GET' ? this.with(headers).get(path) : this.with(headers).post(path, body)
  }

  /** @returns the id */
  async publish(fields: object = {}, headers: Headings = {}): Promise<string> {
    const answer = await this.post('/intent', { goal: 'work', payload: {}, ...fields }, headers)
    if (answer.status !== 201) throw new Error(`publish: ${answer.status} ${answer.text}`)
    return answer.json.id
  }

  /** @param query with its question mark @returns `null` when there was nothing to take */
  async claim(query = '', headers: Headings = {}): Promise<Claim | null> {
    const answer = await this.post(`/claim${query}`, undefined, headers)
    if (answer.status === 204) return null
    if (answer.status !== 200) throw new Error(`claim: ${answer.status} ${answer.text}`)
    return answer.json
  }

  /** Publishes and claims. */
  async claimed(fields: { namespace?: string; [field: string]: unknown } = {}): Promise<Claim> {
    const id = await this.publish(fields)
    const claim = await this.claim(`?namespace=${fields.namespace ?? 'default'}`)
    if (claim?.id !== id) throw new Error(`claimed ${claim?.id} instead of ${id}`)
    return claim
  }

  fulfil(claim: Claim, fields: object = {}): Promise<Answer> {
    return this.post(`/fulfill/${claim.id}`, { claim_token: claim.claim_token, ...fields })
  }

  fail(claim: Claim, fields: object = {}): Promise<Answer> {
    return this.post(`/fail/${claim.id}`, { claim_token: claim.claim_token, ...fields })
  }

  extend(claim: Claim, fields: object = {}): Promise<Answer> {
    return this.post(`/extend_claim/${claim.id}`, { claim_token: claim.claim_token, ...fields })
  }

  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is what a test looks into
  async status(id: string): Promise<any> {
    return (await this.get(`/status/${id}`)).json
  }
}

/** An error answer, taken apart; throws when it does not have the one shape. */
export function refusal({ status, json, text, headers }: Answer): Refusal {
  const { code, message } = json?.error ?? {}
  const keys = JSON.stringify([Object.keys(json ?? {}), Object.keys(json?.error ?? {})])
  const isShape = keys === '[["error"],["code","message"]]' && /^[a-z_]+$/.test(code) && message !== ''
  if (!isShape || !headers.get('content-type')?.startsWith('application/json')) {
    throw new Error(`not an error in the one shape: ${status} ${text}`)
  }
  return { status, code, message }
}

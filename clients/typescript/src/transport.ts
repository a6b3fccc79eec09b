/** One request and its answer: where to, who asks, how long, and how often. */
import type { Clock } from './clock.ts'
import { Deadline } from './deadline.ts'
import { BusError, IntentBusError, UnexpectedAnswerError, UnreachableError } from './errors.ts'
import { delayBefore, didNothing, isPassing, isStale } from './retry.ts'
import { type Signer, signerFor } from './signature.ts'

export type TransportOptions = {
  /** Where the bus listens: `https://bus.example.com`. A path in it stays in front of each call's. */
  url: string
  /** The API key: `X-API-KEY`. */
  key?: string | undefined
  /** What opens `/admin/…`: `X-Admin-Token`. */
  adminToken?: string | undefined
  /** Sign every request that sends the key. Default `false`; a bus can require it. */
  sign?: boolean | undefined
  /** Seconds an attempt may take, besides what it asks the bus to wait. Default 30. */
  timeout?: number | undefined
  /** How often a request is sent again after no answer, 408, 429 or 5xx. Default 4. */
  retries?: number | undefined
  /**
   * Seconds a call is tried for while no bus answers. Something else that answers is then asked again and again, and a bus
   * that cannot be reached not for longer. Default: something else is an error at once, `retries` bounds the rest.
   */
  patience?: number | undefined
  /** Told before a request is sent again: why, and in how many ms. A worker tells its hooks instead. */
  onRetry?: ((error: unknown, delayMs: number) => void) | undefined
  /** Another `fetch`. Default: the global one. */
  fetch?: typeof fetch | undefined
  /** Another `JSON.parse` for answers, say one that keeps integers beyond 2^53. */
  parse?: ((text: string) => unknown) | undefined
}

export type Call = {
  method: 'GET' | 'POST'
  path: string
  /** The last segment of the path; encoded when it is sent. */
  param?: string | undefined
  query?: Record<string, unknown> | undefined
  body?: object | undefined
  headers?: Record<string, string> | undefined
  access?: 'key' | 'admin' | 'none'
  /** Seconds the bus may let it wait: its time-out comes so much later. */
  wait?: number | undefined
  /** Doing it twice would be wrong: it is sent again only when the first one surely came to nothing. */
  once?: boolean | undefined
} & Persistence

/** How hard a call is tried. */
export type Persistence = {
  /** How often it is sent again. Default: the client's. */
  retries?: number | undefined
  /** Ends it: its reason is thrown. */
  signal?: AbortSignal | undefined
  /**
   * Also tries again after an answer that no bus gives, such as the sign-in page of a train's network, and while this
   * machine's clock is too far off for signatures. A function is asked whether an answer is worth it. Default `false`.
   */
  stubborn?: boolean | ((error: UnexpectedAnswerError) => boolean) | undefined
  /** What of the query is another one when it is sent again. */
  retryQuery?: Record<string, unknown> | undefined
  /** Told before it is sent again: why, and in how many ms. */
  onRetry?: ((error: unknown, delayMs: number) => void) | undefined
}

export type Answer = { status: number; headers: Headers; body: unknown }

const EXCERPT_CHARS = 120

export class Transport {
  /** The address as it is used, with no slash at its end. */
  readonly base: string
  readonly #key: string | undefined
  readonly #adminToken: string | undefined
  readonly #signer: Signer | undefined
  readonly #timeoutMs: number
  readonly #retries: number
  readonly #patienceMs: number | undefined
  readonly #onRetry: ((error: unknown, delayMs: number) => void) | undefined
  readonly #fetch: typeof fetch
  readonly #parse: (text: string) => unknown
  readonly #clock: Clock

  /** @throws {TypeError} when the URL is none */
  constructor(options: TransportOptions, clock: Clock) {
    this.base = baseOf(options.url)
    this.#key = options.key
    this.#adminToken = options.adminToken
    if (options.sign) {
      if (options.key === undefined) throw new TypeError('sign needs a key to sign with.')
      this.#signer = signerFor(options.key)
    }
    this.#timeoutMs = 1000 * (options.timeout ?? 30)
    this.#retries = options.retries ?? 4
    this.#patienceMs = options.patience === undefined ? undefined : 1000 * options.patience
    this.#onRetry = options.onRetry
    // Called as a method of something else, browsers' own refuses.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
    this.#parse = options.parse ?? JSON.parse
    this.#clock = clock
  }

  /**
   * @returns the answer, if it is a success
   * @throws {BusError} what the bus refused
   * @throws {UnreachableError} no answer, after all retries
   * @throws {UnexpectedAnswerError} an answer that is not a bus's
   * @throws {IntentBusError} `invalid_request`: a header or an address cannot carry this
   * @throws the signal's reason, when it fires before there is an answer
   */
  async send(call: Call): Promise<Answer> {
    let asked = call
    // What the bus was asked to wait is no time that it was away.
    const began = this.#clock.now() + 1000 * (call.wait ?? 0)
    // Once, so that a repeat says the same, whatever its caller has done to it meanwhile.
    const body = call.body === undefined ? '' : JSON.stringify(call.body)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#attempt(asked, body)
      } catch (error) {
        call.signal?.throwIfAborted()
        const delayMs = delayBefore(tries, error, this.#clock.random())
        if (!this.#mayTryAgain(call, error, tries, this.#clock.now() + delayMs - began)) throw error
        const onRetry = call.onRetry ?? this.#onRetry
        onRetry?.(error, delayMs)
        await this.#clock.sleep(delayMs, call.signal)
        call.signal?.throwIfAborted()
        if (call.retryQuery !== undefined) asked = { ...call, query: { ...call.query, ...call.retryQuery } }
      }
    }
  }

  /** @param agedMs how old the call is by the time it would be sent again */
  #mayTryAgain(call: Call, error: unknown, tries: number, agedMs: number): boolean {
    const isBusAway = error instanceof UnreachableError || error instanceof UnexpectedAnswerError
    if (isBusAway && this.#patienceMs !== undefined && call.retries === undefined) {
      if (call.once || agedMs > this.#patienceMs) return false
      return error instanceof UnexpectedAnswerError || tries <= this.#retries
    }
    return mayPass(call, error) && tries <= (call.retries ?? this.#retries)
  }

  async #attempt(call: Call, body: string): Promise<Answer> {
    const address = this.#address(call)
    const headers = sendable({ ...call.headers, ...(await this.#credentials(call, body)) })
    const deadline = new Deadline(this.#timeoutMs + 1000 * (call.wait ?? 0), call.signal)
    try {
      const response = await this.#fetch(address, {
        method: call.method,
        headers: call.body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
        ...(call.body === undefined ? {} : { body }),
        signal: deadline.signal,
        redirect: 'manual',
      })
      // What the bus has given out by now is somebody's to do: it is read to its end.
      deadline.forgetCaller()
      const answer = read(this.base, response, await response.text(), this.#parse)
      // Only a claim may come back with nothing.
      if (answer.body === undefined && !(call.path === '/claim' && answer.status === 204))
        throw new UnexpectedAnswerError({
          url: this.base,
          status: answer.status,
          answered: 'and nothing else',
        })
      return answer
    } catch (error) {
      if (error instanceof IntentBusError) throw error
      if (deadline.isLate)
        throw new UnreachableError('timeout', `${this.base} gave no answer in time.`, { cause: error })
      throw new UnreachableError('unreachable', `${this.base} cannot be reached: ${causeOf(error)}`, {
        cause: error,
      })
    } finally {
      deadline.clear()
    }
  }

  #address({ path, param = '', query }: Call): string {
    const search = new URLSearchParams(pairsOf(query)).toString()
    return `${this.base}${path}${segmentOf(param)}${search && '?'}${search}`
  }

  async #credentials(
    { access = 'key', method, path, param = '', query }: Call,
    body: string,
  ): Promise<Record<string, string>> {
    if (access === 'none') return {}
    if (access === 'admin') {
      if (this.#adminToken === undefined)
        throw new IntentBusError('missing_admin_token', 'Admin calls need an admin token.')
      return { 'X-Admin-Token': this.#adminToken }
    }
    if (this.#key === undefined) throw new IntentBusError('missing_key', 'This call needs an API key.')
    const signature = await this.#signer?.({
      method,
      path: path + param,
      query: pairsOf(query),
      body,
      wallMs: this.#clock.wall(),
    })
    return { 'X-API-KEY': this.#key, ...signature }
  }
}

function mayPass({ once, stubborn = false }: Call, error: unknown): boolean {
  if (once) return didNothing(error)
  if (isPassing(error)) return true
  if (!(error instanceof UnexpectedAnswerError)) return stubborn !== false && isStale(error)
  return typeof stubborn === 'function' ? stubborn(error) : stubborn
}

const AN_ADDRESS = 'an address such as http://localhost:8080'

/** @throws {TypeError} which shows no more of it than a host and a port: there may be a password in it */
function baseOf(url: string | undefined): string {
  if (!url)
    throw new TypeError(`url takes ${AN_ADDRESS}; it got nothing. Is the variable that holds it not set?`)
  if (/^[\w.-]+:\d+$/.test(url))
    throw new TypeError(`url takes ${AN_ADDRESS}; it got ${url}. Write http://${url}`)
  if (!URL.canParse(url)) throw new TypeError(`url takes ${AN_ADDRESS}; it got something else.`)
  const { protocol, origin, pathname, username, search, hash } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TypeError(`url takes http or https; it got ${protocol}`)
  if (username !== '' || search !== '' || hash !== '') {
    throw new TypeError('url takes a scheme, a host, a port and a path; the key has an option of its own.')
  }
  return origin + pathname.replace(/(?<!\/)\/+$/, '')
}

/** `fetch` would say so too, with the whole key in its message. */
function sendable(headers: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value.trim()))
      throw new IntentBusError('invalid_request', `${name} takes visible ASCII characters; it got others.`)
  }
  return headers
}

/** A `.` or `..`, escaped or not, would make it another address. */
function segmentOf(param: string): string {
  try {
    if (param !== '.' && param !== '..') return encodeURIComponent(param)
  } catch {
    // Half an emoji.
  }
  throw new IntentBusError('invalid_request', `${JSON.stringify(param)} cannot be in an address.`)
}

function pairsOf(query: Record<string, unknown> = {}): [string, string][] {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)])
}

/** Only an answer in the bus's own form counts: the header that every bus sends, and with a refusal the error object. */
function read(url: string, response: Response, text: string, parse: (text: string) => unknown): Answer {
  const { status, headers } = response
  const isOfBus = headers.has('x-intent-version')
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    const target = headers.get('location')
    const answered = `a redirect${target === null ? '' : ` to ${target}. If the bus is there, use that address.`}`
    throw new UnexpectedAnswerError({ url, status, answered })
  }
  const body = text === '' ? undefined : parsed(text, parse)
  if (response.ok) {
    if (!isOfBus || (text !== '' && body === undefined))
      throw new UnexpectedAnswerError({ url, status, answered: answeredBy(headers, text) })
    return { status, headers, body }
  }
  const error = (body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error
  if (!isOfBus || typeof error?.code !== 'string')
    throw new UnexpectedAnswerError({ url, status, answered: answeredBy(headers, text) })
  throw new BusError({
    code: error.code,
    message: typeof error.message === 'string' ? error.message : error.code,
    status,
    retryAfter: secondsOf(headers.get('retry-after')),
    requestId: headers.get('x-request-id') ?? undefined,
  })
}

function parsed(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

const secondsOf = (header: string | null): number | undefined =>
  header !== null && /^\d+$/.test(header) ? Number(header) : undefined

/** `text/html "Welcome to the train"`: what kind it is, and its title or how it begins. */
function answeredBy(headers: Headers, text: string): string {
  const kind = headers.get('content-type')?.split(';')[0]
  const [, title] = /<title>([^<]*)/i.exec(text) ?? []
  const line = (title ?? text)
    .slice(0, 4 * EXCERPT_CHARS)
    .replace(/\s+/g, ' ')
    .trim()
  const shown = line.length > EXCERPT_CHARS ? `${line.slice(0, EXCERPT_CHARS)}…` : line
  return [...(kind ? [kind] : []), shown === '' ? 'and nothing else' : `"${shown}"`].join(' ')
}

/** `fetch failed` says nothing; what is behind it does. */
function causeOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } }
  return cause?.message || cause?.code || message || String(error)
}

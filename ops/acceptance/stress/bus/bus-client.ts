import { setMaxListeners } from 'node:events'
import { Pool } from 'undici'
import { type Signer, signerFor } from '../../../../clients/typescript/src/signature.ts'

/** A bus and what opens it. */
export type Access = {
  url: string
  key: string
  adminToken: string | undefined
  sign: boolean
}

export type Call = {
  method?: 'GET' | 'POST'
  path: string
  query?: Record<string, string>
  /** Goes as JSON. */
  body?: unknown
  headers?: Record<string, string>
  /** Hangs up; the reply is then lost to `hung up`. */
  hangUp?: AbortSignal
}

/** What came back, and when by the harness's monotonic clock (ms). */
export type Reply = {
  /** 0 when no whole answer came. */
  status: number
  /** Why none came: `timeout`, `ECONNRESET`, `ECONNREFUSED`, …, `hung up`. */
  lost: string | null
  text: string
  /** Seconds, where the answer says so. */
  retryAfter: number | null
  sentAt: number
  answeredAt: number
}

const HUNG_UP = 'hung up'

/**
 * Keep-alive connections to one bus, one request on each at a time. Nothing is tried again, nothing thrown: a lost
 * answer is a reply too. By undici's `dispatch`, which costs 17 us of processor time a request, where its `request`
 * takes 24 and node:http 50.
 */
export class BusClient {
  readonly #pool: Pool
  readonly #prefix: string
  readonly #headers: Record<string, string>
  readonly #adminHeaders: Record<string, string> | null
  readonly #signer: Signer | null

  /** @param timeoutMs from the request to the head of its answer, and between two pieces of it */
  constructor(access: Access, connections: number, timeoutMs: number) {
    const { origin, pathname } = new URL(access.url)
    this.#prefix = pathname.replace(/(?<!\/)\/+$/, '')
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    })
    this.#headers = { 'x-api-key': access.key, 'content-type': 'application/json' }
    this.#adminHeaders =
      access.adminToken === undefined
        ? null
        : { 'x-admin-token': access.adminToken, 'content-type': 'application/json' }
    this.#signer = access.sign ? signerFor(access.key) : null
  }

  get isAdmin(): boolean {
    return this.#adminHeaders !== null
  }

  async send(call: Call): Promise<Reply> {
    const { method = 'POST', path, query, body, headers } = call
    const text = body === undefined ? '' : JSON.stringify(body)
    const signature =
      this.#signer === null
        ? undefined
        : await this.#signer({
            method,
            path: this.#prefix + path,
            query: Object.entries(query ?? {}),
            body: text,
            wallMs: Date.now(),
          })
    const target = query === undefined ? path : `${path}?${new URLSearchParams(query)}`
    return this.#dispatch(method, target, text, { ...this.#headers, ...headers, ...signature }, call.hangUp)
  }

  /** With the admin token, which there must be. */
  sendAsAdmin(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply> {
    if (this.#adminHeaders === null) throw new Error('no admin token')
    return this.#dispatch(method, path, body === undefined ? '' : JSON.stringify(body), this.#adminHeaders)
  }

  /** Waits for nobody. */
  close(): Promise<void> {
    return this.#pool.destroy()
  }

  #dispatch(
    method: 'GET' | 'POST',
    target: string,
    body: string,
    headers: Record<string, string>,
    hangUp?: AbortSignal,
  ): Promise<Reply> {
    return new Promise(resolve => {
      const sentAt = performance.now()
      let status = 0
      let retryAfter: number | null = null
      const chunks: Buffer[] = []
      let forget = () => {}
      const end = (lost: string | null) => {
        forget()
        const text =
          lost !== null ? '' : chunks.length === 1 ? `${chunks[0]}` : Buffer.concat(chunks).toString()
        resolve({
          status: lost === null ? status : 0,
          lost,
          text,
          retryAfter,
          sentAt,
          answeredAt: performance.now(),
        })
      }
      this.#pool.dispatch(
        { method, path: this.#prefix + target, headers, body: method === 'GET' ? null : body },
        {
          onRequestStart(controller) {
            if (hangUp === undefined) return
            const abort = () => controller.abort(new Error(HUNG_UP))
            if (hangUp.aborted) return abort()
            hangUp.addEventListener('abort', abort, { once: true })
            forget = () => hangUp.removeEventListener('abort', abort)
          },
          onResponseStart(_controller, code, heads) {
            status = code
            const seconds = Number(heads['retry-after'])
            if (Number.isFinite(seconds)) retryAfter = seconds
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk)
          },
          onResponseEnd: () => end(null),
          onResponseError: (_controller, error) => end(lossOf(error)),
        },
      )
    })
  }
}

/** A signal that a hundred workers may listen to. */
export function widelyHeard(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

const UNDICI = {
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect timeout',
  UND_ERR_SOCKET: 'connection closed',
} as Record<string, string>

function lossOf(error: Error): string {
  if (error.message === HUNG_UP) return HUNG_UP
  const { code } = error as NodeJS.ErrnoException
  return (code === undefined ? undefined : (UNDICI[code] ?? code)) ?? error.message
}

/** The members of a JSON object; none of anything else. */
export function membersOf(reply: Pick<Reply, 'text'>): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(reply.text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** `404 not_found`, `lost (timeout)`: how a reply is called in a report. */
export function nameOf(reply: Reply): string {
  if (reply.lost !== null) return `lost (${reply.lost})`
  const { error } = membersOf(reply) as { error?: { code?: unknown } }
  return typeof error?.code === 'string' ? `${reply.status} ${error.code}` : `${reply.status}`
}

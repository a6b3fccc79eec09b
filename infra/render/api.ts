/**
 * Calls to Render's REST API (https://api-docs.render.com). Plain functions without private fields, since Pulumi writes them
 * into the stack's state as source and runs them from there.
 */

export const RENDER_API = 'https://api.render.com/v1'

/** Where the API is, and the key of the account. The key is asked for at each run and is in no state. */
export type RenderApi = { url: string; key: string }

export type RenderRequest = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Below the API's address: `/services/srv-…`. */
  path: string
  body?: unknown
  /** What this is for, as it stands in an error: `create the service "intent-bus"`. */
  purpose: string
  /** Whether 404 is an answer to this, and not an error: so for each DELETE, which may be tried again after it went through. */
  mayBeGone?: boolean
}

/** `body` is null where there is none. */
export type RenderAnswer<Body> = { status: number; body: Body }

/** Longest wait for one request, in seconds: a new service may be refused for the rest of an hour (20 an hour). */
const MAX_WAIT_SECONDS = 300
/** How often a request is tried again that Render did not answer, or answered with 5xx. */
const MAX_FAILURES = 4

/** @param seconds to wait */
export const pause = (seconds: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, seconds * 1000))

/**
 * Seconds until a refused request may be tried again: `Retry-After` in seconds or as a date, or `Ratelimit-Reset`, which
 * Render's documentation calls a Unix time and shows as seconds to go (https://api-docs.render.com/reference/rate-limiting).
 * @returns null when the answer does not say
 */
export function secondsToWait(headers: Headers, now: number): number | null {
  const retryAfter = headers.get('retry-after')
  if (retryAfter !== null) {
    const seconds = Number(retryAfter)
    if (Number.isFinite(seconds)) return Math.max(0, seconds)
    const date = Date.parse(retryAfter)
    if (!Number.isNaN(date)) return Math.max(0, (date - now) / 1000)
  }
  const reset = Number(headers.get('ratelimit-reset') ?? Number.NaN)
  if (!Number.isFinite(reset)) return null
  return Math.max(0, reset > 1e9 ? reset - now / 1000 : reset)
}

/**
 * One request, tried again where that is safe: after 429 whatever the method, as nothing has been done; after 5xx or no answer
 * only where doing it twice is the same as once.
 * @throws an Error that says what was wanted, the status and what Render said; the key is in none
 */
export async function askRender<Body>(api: RenderApi, request: RenderRequest): Promise<RenderAnswer<Body>> {
  const repeatable = request.method !== 'POST'
  let waited = 0
  let failures = 0
  for (;;) {
    let response: Response
    try {
      response = await fetch(`${api.url}${request.path}`, {
        method: request.method,
        headers: {
          authorization: `Bearer ${api.key}`,
          accept: 'application/json',
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        signal: AbortSignal.timeout(60_000),
      })
    } catch (error) {
      failures += 1
      if (!repeatable || failures > MAX_FAILURES) throw new Error(unanswered(request, error))
      await pause(2 ** failures / 4)
      continue
    }
    const text = await response.text()
    if (response.status === 429) {
      const seconds = secondsToWait(response.headers, Date.now()) ?? 2 ** Math.min(5, failures++)
      waited += seconds
      if (waited > MAX_WAIT_SECONDS) {
        throw new Error(
          `${refused(request, 429, text)}: too many requests. Try again in ${Math.ceil(seconds)} s.`,
        )
      }
      await pause(seconds)
      continue
    }
    if (response.status >= 500 && repeatable && failures < MAX_FAILURES) {
      failures += 1
      await pause(2 ** failures / 4)
      continue
    }
    if (response.ok || (response.status === 404 && request.mayBeGone)) {
      return { status: response.status, body: parsed<Body>(request, response.status, text) }
    }
    throw new Error(refused(request, response.status, text))
  }
}

function parsed<Body>(request: RenderRequest, status: number, text: string): Body {
  if (text === '') return null as Body
  try {
    return JSON.parse(text) as Body
  } catch {
    throw new Error(`Render's answer to "${request.purpose}" (${status}) is not JSON: ${text.slice(0, 200)}`)
  }
}

function refused(request: RenderRequest, status: number, text: string): string {
  let said = text.slice(0, 500)
  try {
    const { message } = JSON.parse(text) as { message?: string }
    if (message) said = message
  } catch {
    // Not JSON: a proxy's page, told as it is.
  }
  const why = status === 401 ? ' The API key is wrong, or was revoked: set renderApiKey.' : ''
  return `Render refused to ${request.purpose} (${status})${said ? `: ${said}` : ''}${why}`
}

function unanswered(request: RenderRequest, error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string } }
  const doubt =
    request.method === 'POST' ? ' It may have been done: look at the dashboard before you repeat it.' : ''
  return `Render did not answer when asked to ${request.purpose}: ${cause?.code ?? message}.${doubt}`
}

import type { Persistence, Transport } from './transport.ts'
import { camel, type ResultType, type State, type Status, snake, type Visibility } from './wire.ts'

export type IssuedKey = {
  keyId: number
  owner: string
  /** How the key begins. No answer shows it whole. */
  prefix: string
  createdAt: number
  /** Its intents that are open or claimed. */
  openIntents: number
}

export type DeadLetter = {
  intentId: string
  namespace: string
  goal: string
  attempts: number
  reason: string
  createdAt: number
}

export type DeadLetterDetail = DeadLetter & {
  lastError: string | null
  visibility: Visibility
  publisher: string
  payload: unknown
}

export type DeadLetterFilter = { namespace?: string; goal?: string; reason?: string }

/** `ready` and `delayed` are the two kinds of `open`: due, and not due yet. */
export type IntentFilter = { namespace?: string; goal?: string; status?: State | 'ready' | 'delayed' }

export type ListedIntent = Status & {
  publisher: string
  workerId: string | null
  maxAttempts: number
  backoffBase: number
  createdAt: number
  expiresAt: number
  claimedAt: number | null
}

export type IntentDetail = ListedIntent & {
  resultType: ResultType
  payload: unknown
  result?: unknown
}

/** How the bus is, as it is kept and not counted. */
export type Overview = {
  version: string
  now: number
  startedAt: number
  uptimeSeconds: number
  draining: boolean
  intents: Record<State, number>
  deadLetters: number
  /** `null`: nothing is ready. */
  oldestReadyAgeSeconds: number | null
  /** Workers in a long poll. */
  waitingClaims: number
  queuedOperations: number
  issuedKeys: number
  /** The busiest of them. */
  namespaces: ({ namespace: string } & Record<State, number>)[]
  namespaceCount: number
  /** Those with the most open and claimed intents. */
  goals: { namespace: string; goal: string; open: number; claimed: number }[]
  /** Since the start. */
  totals: Record<'published' | 'claimed' | 'fulfilled' | 'failed' | 'lapsed' | 'dead', number>
}

export type Moved = { ok: true; id: string; status: State | 'dropped' }
export type Refused = { ok: false; id: string; error: { code: string; message: string } }

/** Pages may come short of this: the bus looks at so many per call, whatever the filter. */
const PAGE = 500
/** The most ids one call takes. */
const MOST_IDS = 1000

/** What opens with the admin token: keys, intents of all publishers, dead letters. */
export class Admin {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Makes a key. It is shown this once. Not repeated when no answer came: there might be two then. */
  async generateKey(owner: string): Promise<{ apiKey: string; owner: string }> {
    const made = await this.#post<{ api_key: string; owner: string }>(
      '/admin/generate_key',
      { owner },
      { once: true },
    )
    return { apiKey: made.api_key, owner: made.owner }
  }

  async overview(persistence: Persistence = {}): Promise<Overview> {
    const { body } = await this.#transport.send({
      method: 'GET',
      path: '/admin/overview',
      access: 'admin',
      ...persistence,
    })
    return camel(body as object) as Overview
  }

  async keys(): Promise<IssuedKey[]> {
    const { keys } = await this.#get<{ keys: object[] }>('/admin/keys')
    return keys.map(key => camel(key) as IssuedKey)
  }

  /** Revoking what is unknown or revoked already is no error: `revoked` is `false` then. */
  async revokeKey(
    which: { apiKey: string } | { keyId: number },
  ): Promise<{ revoked: boolean; openIntents?: number }> {
    const { ok: _, ...gone } = camel(
      await this.#post<Record<string, unknown>>('/admin/revoke_key', snake(which)),
    )
    return gone as { revoked: boolean; openIntents?: number }
  }

  /** Everything about one intent, whoever published it. @throws {BusError} `not_found` */
  async intent(id: string): Promise<IntentDetail> {
    return camel(await this.#get<object>('/admin/intents/', id)) as IntentDetail
  }

  /** All intents that match, newest first, page by page as they are asked for. */
  intents(filter: IntentFilter = {}): AsyncGenerator<ListedIntent, void> {
    return this.#pages('/admin/intents', filter)
  }

  /** Makes it dead, with the reason "Cancelled by admin". May be repeated. */
  async cancel(id: string): Promise<Moved> {
    return this.#post(`/admin/intents/${encodeURIComponent(id)}/cancel`)
  }

  /** Opens a dead or a fulfilled intent again, with all its attempts. */
  async retry(id: string): Promise<Moved> {
    return this.#post(`/admin/intents/${encodeURIComponent(id)}/retry`)
  }

  /** All dead letters that match, newest first, page by page as they are asked for. */
  deadLetters(filter: DeadLetterFilter = {}): AsyncGenerator<DeadLetter, void> {
    return this.#pages('/admin/dead', filter)
  }

  /** @throws {BusError} `not_found` */
  async deadLetter(id: string): Promise<DeadLetterDetail> {
    return camel(await this.#get<object>('/admin/dead/', id)) as DeadLetterDetail
  }

  /** Opens dead intents again. @returns what became of each, in the order given */
  async retryDead(ids: readonly string[]): Promise<(Moved | Refused)[]> {
    return this.#each('/admin/dead/retry', ids)
  }

  /** Deletes dead intents for good. @returns what became of each, in the order given */
  async dropDead(ids: readonly string[]): Promise<(Moved | Refused)[]> {
    return this.#each('/admin/dead/drop', ids)
  }

  /** Deletes all intents, or those of a namespace; without one, the values, nonces and idempotency keys as well. For good. */
  async purge(namespace?: string): Promise<{ deleted: number }> {
    const { deleted } = await this.#post<{ deleted: number }>('/admin/purge', { confirm: true, namespace })
    return { deleted }
  }

  /** Runs now what the bus does every minute by itself. @returns how many of each kind of row it handled */
  async cleanup(): Promise<Record<string, number>> {
    const { ok: _, ...counts } = camel(await this.#post<Record<string, unknown>>('/admin/cleanup'))
    return counts as Record<string, number>
  }

  async *#pages<Item>(path: string, filter: object): AsyncGenerator<Item, void> {
    let query: Record<string, unknown> | null = { ...filter, limit: PAGE }
    while (query !== null) {
      const { body, headers } = await this.#transport.send({ method: 'GET', path, access: 'admin', query })
      for (const item of body as object[]) yield camel(item) as Item
      query = nextPage(headers.get('link'))
    }
  }

  async #each(path: string, ids: readonly string[]): Promise<(Moved | Refused)[]> {
    const answers: (Moved | Refused)[] = []
    for (let start = 0; start < ids.length; start += MOST_IDS) {
      const body = { ids: ids.slice(start, start + MOST_IDS) }
      answers.push(...(await this.#post<{ items: (Moved | Refused)[] }>(path, body)).items)
    }
    return answers
  }

  async #get<T>(path: string, param?: string): Promise<T> {
    return (await this.#transport.send({ method: 'GET', path, param, access: 'admin' })).body as T
  }

  async #post<T>(path: string, body?: object, more: { once?: boolean } = {}): Promise<T> {
    return (await this.#transport.send({ method: 'POST', path, body, access: 'admin', ...more })).body as T
  }
}

/** The query of `Link: <…>; rel="next"`. */
function nextPage(link: string | null): Record<string, unknown> | null {
  const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? []
  return target === undefined ? null : Object.fromEntries(new URL(target, 'http://bus').searchParams)
}

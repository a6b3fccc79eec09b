import type {
  AuditAction,
  AuditEntry,
  AuditFilter,
  Backups,
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  IntentDetail,
  IssuedKey,
  KeyTerms,
  Maintenance,
  NewBackup,
  Overview,
  WhichKey,
} from './admin-wire.ts'
import { check, checkWord, INTENTS, LETTERS } from './options.ts'
import { nextPage, PAGE, pages } from './pages.ts'
import type { Persistence, Transport } from './transport.ts'
import { camel, type IntentFilter, type ListedIntent, type Moved, type Refused, snake } from './wire.ts'

/** The most ids one call takes. */
const MOST_IDS = 1000
/** The longest that any call waits, in seconds. */
const LONGEST_WAIT_S = 60

/** What opens with the admin token: keys, intents of all publishers, dead letters. */
export class Admin {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Makes a key. It is shown this once. Not repeated when no answer came: there might be two then. */
  async generateKey(owner: string, terms: KeyTerms = {}): Promise<IssuedKey & { apiKey: string }> {
    checkWord('owner', owner)
    const body = snake({ owner, ...terms })
    return camel(await this.#post<object>('/admin/generate_key', body, { once: true })) as IssuedKey & {
      apiKey: string
    }
  }

  /**
   * Gives a key a successor that opens the same intents, values and leases. The old one stays good for `overlap` seconds, a day
   * unless it is said. Not repeated when no answer came.
   *
   * @throws {BusError} `not_found`; `invalid_request` when it has a successor already
   */
  async rotateKey(
    which: WhichKey,
    options: { overlap?: number | undefined; expiresIn?: number | undefined } = {},
  ): Promise<IssuedKey & { apiKey: string; replaces: IssuedKey }> {
    const body = snake({ ...which, ...options })
    const { replaces, ...made } = await this.#post<{ replaces: object }>('/admin/rotate_key', body, {
      once: true,
    })
    return { ...camel(made), replaces: camel(replaces) } as IssuedKey & {
      apiKey: string
      replaces: IssuedKey
    }
  }

  /** @throws {BusError} `not_found` */
  async changeKey(which: WhichKey, changes: KeyTerms & { owner?: string | undefined }): Promise<IssuedKey> {
    return camel(await this.#post<object>('/admin/change_key', snake({ ...which, ...changes }))) as IssuedKey
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
  async revokeKey(which: WhichKey): Promise<{ revoked: boolean; openIntents?: number }> {
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
    check(filter, INTENTS)
    return pages(this.#transport, '/admin/intents', 'admin', filter)
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
    check(filter, LETTERS)
    return pages(this.#transport, '/admin/dead', 'admin', filter)
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

  /** What admins did after an entry, or since a time, oldest first, page by page as it is asked for. With neither: from the beginning. */
  async *audit(filter: AuditFilter = {}): AsyncGenerator<AuditEntry, void> {
    const after = filter.after ?? (filter.since === undefined ? 0 : undefined)
    let query: Record<string, unknown> | null = { ...filter, after, limit: PAGE }
    while (query !== null) {
      const { entries, next } = await this.#auditPage(query)
      yield* entries
      query = next
    }
  }

  /** The last entries, oldest first. @param limit 1..1000 */
  async lastAudit(limit = 100, action?: AuditAction): Promise<AuditEntry[]> {
    return (await this.#auditPage({ limit, action })).entries
  }

  async maintenance(): Promise<Maintenance> {
    return this.#get('/admin/maintenance')
  }

  /**
   * Begins or ends maintenance, in which all but admins are answered 503. It outlives a restart of the bus.
   *
   * @throws {BusError} `invalid_request` when the bus has it by its variable
   */
  async setMaintenance(on: boolean, note?: string): Promise<Maintenance> {
    return this.#post('/admin/maintenance', { on, note })
  }

  /** Deletes all intents, or those of a namespace; without one, the values, nonces and idempotency keys as well. For good. */
  async purge(namespace?: string): Promise<{ deleted: number }> {
    if (namespace !== undefined) checkWord('namespace', namespace)
    const { deleted } = await this.#post<{ deleted: number }>('/admin/purge', { confirm: true, namespace })
    return { deleted }
  }

  /** Runs now what the bus does every minute by itself. @returns how many of each kind of row it handled */
  async cleanup(): Promise<Record<string, number>> {
    const { ok: _, ...counts } = camel(await this.#post<Record<string, unknown>>('/admin/cleanup'))
    return counts as Record<string, number>
  }

  /**
   * Makes a backup on the bus's side, and waits for it, a minute at most.
   *
   * @returns only `runningSince` when it takes longer: `backups` tells how it ends
   * @throws {BusError} `backup_running`, `backup_failed`, `storage_full`, `not_supported`
   */
  async backup(): Promise<NewBackup | { runningSince: number }> {
    const { body } = await this.#transport.send({
      method: 'POST',
      path: '/admin/backup',
      query: { wait: LONGEST_WAIT_S },
      wait: LONGEST_WAIT_S,
      access: 'admin',
      once: true,
    })
    const { ok: _, ...made } = camel(body as Record<string, unknown>)
    return made as NewBackup | { runningSince: number }
  }

  /** Those that lie in the bus's directory, newest first. */
  async backups(): Promise<Backups> {
    const { backups, running_since, last_failure } = await this.#get<{
      backups: object[]
      running_since: number | null
      last_failure: Backups['lastFailure']
    }>('/admin/backups')
    return {
      backups: backups.map(each => camel(each) as Backups['backups'][number]),
      runningSince: running_since,
      lastFailure: last_failure,
    }
  }

  async #auditPage(query: Record<string, unknown>) {
    const { body, headers } = await this.#transport.send({
      method: 'GET',
      path: '/admin/audit',
      access: 'admin',
      query,
    })
    const { entries } = body as { entries: object[] }
    return { entries: entries.map(entry => camel(entry) as AuditEntry), next: nextPage(headers.get('link')) }
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

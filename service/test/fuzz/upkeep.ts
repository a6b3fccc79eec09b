/** Keeps a bus that is sent anything from filling up, and usable: keys, maintenance, what is queued. */
import { ADMIN_SECRET } from '../support/bus-process.ts'
import { Client } from '../support/client.ts'

export class Upkeep {
  readonly #admin: Client
  /** Of an issued key. Requests may revoke it, or change its limits. */
  key = ''

  constructor(base: string) {
    this.#admin = new Client(base, { 'x-admin-token': ADMIN_SECRET })
  }

  /** Deletes all that the requests have left behind. */
  async clear(): Promise<void> {
    await this.endMaintenance()
    await this.#post('/admin/purge', { confirm: true })
    const { keys } = (await this.#admin.get('/admin/keys')).json as { keys: { key_id: number }[] }
    for (const { key_id } of keys) await this.#post('/admin/revoke_key', { key_id })
    const issued = await this.#post('/admin/generate_key', { rate_limit: 1_000_000, open_limit: 1_000_000 })
    this.key = issued.api_key
  }

  async endMaintenance(): Promise<void> {
    await this.#post('/admin/maintenance', { on: false })
  }

  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  async #post(path: string, body: object): Promise<any> {
    const { status, json, text } = await this.#admin.post(path, body)
    if (status >= 300) throw new Error(`${path}: ${status} ${text}`)
    return json
  }
}

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from '../../store/sqlite/driver.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { TestBus } from '../support/bus.ts'
import { type Answer, type Claim, Client } from '../support/client.ts'
import type { Place } from '../support/engines.ts'

const PAGE = 4096
const HEADER = 100

/** One page of a database, by what it is of. */
export type Page = { name: string; kind: string; page: number }

/** A folder that the test keeps, with what the store says in its log. */
export class KeptPlace implements Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'bus-damaged-'))
  readonly said: string[] = []
  get path(): string {
    return join(this.folder, 'bus.db')
  }
  open: Place['open'] = room => {
    const say = (line: string) => this.said.push(line)
    const log = { info: say, warn: say, error: say }
    return openSqliteStore({ path: this.path, log, ...(room === undefined ? {} : { room }) })
  }
  bytesAtRest = () => readFileSync(this.path, 'latin1')
  async remove() {
    rmSync(this.folder, { recursive: true })
  }
  has = (name: string) => existsSync(join(this.folder, name))
  /** A place of its own with the same in it. */
  copy(): KeptPlace {
    const copy = new KeptPlace()
    cpSync(this.path, copy.path)
    return copy
  }
  damage({ page }: Page): void {
    const bytes = readFileSync(this.path)
    bytes.fill(0xa5, (page - 1) * PAGE + (page === 1 ? HEADER : 0), page * PAGE)
    writeFileSync(this.path, bytes)
  }
}

export const NAMESPACES = Array.from({ length: 20 }, (_, i) => `ns${i}`)
const GOALS = Array.from({ length: 15 }, (_, i) => `goal-${i}`)

/** What a bus has after a while: some of everything, on more than one page where it can be, and pages that are free again. */
export async function furnish(bus: TestBus): Promise<{ ids: string[]; key: string }> {
  const { master, admin } = bus
  const ids: string[] = []
  for (let round = 0; round < 3; round += 1) {
    const intents = Array.from({ length: 900 }, (_, i) => ({
      goal: GOALS[i % 15],
      namespace: NAMESPACES[Math.floor(i / 15) % 20],
      payload: 'p'.repeat(i % 50 === 0 ? 7000 : 60),
      max_attempts: i % 7 === 0 ? 1 : 3,
      delay: i % 11 === 0 ? 7200 : 0,
      ...(round === 0 ? { idempotency_key: `once-${i}` } : {}),
    }))
    const { json } = await master.post('/intents', { intents })
    ids.push(...json.intents.map(({ id }: { id: string }) => id))
  }
  await master.post('/intents', {
    intents: Array.from({ length: 900 }, () => ({
      goal: 'gone',
      namespace: 'gone',
      payload: 'g'.repeat(300),
    })),
  })
  for (let i = 0; i < 400; i += 1)
    await master.post(`/set/value-${i}`, { value: 'v'.repeat(200), ttl: 86_400 })
  let key = ''
  for (let i = 0; i < 40; i += 1) key = (await bus.issue(`owner-${i}`)).key
  const signer = new Client(bus.url, { 'x-api-key': key })
  for (let i = 0; i < 300; i += 1) await signer.signed('GET', '/get/absent', '', { timestamp: bus.seconds() })
  for (const [i, namespace] of NAMESPACES.entries()) {
    const { json } = await master.post(`/claim?namespace=${namespace}&max=50`)
    const claims = json.intents as Claim[]
    const part = (from: number, to: number) => claims.slice(from, to)
    const result = {
      items: part(0, 25).map(({ id, claim_token }, j) => ({
        id,
        claim_token,
        result: 'r'.repeat(i === 0 && j < 5 ? 9000 : 200),
      })),
    }
    await master.post('/fulfill', result)
    await master.post('/fail', {
      items: part(25, 45).map(({ id, claim_token }) => ({ id, claim_token, error: 'e'.repeat(100) })),
    })
  }
  await admin.post('/admin/purge', { confirm: true, namespace: 'gone' })
  return { ids, key }
}

/** One page of each kind there is: the one in the middle, or it would be the newest, which is special. */
export function pagesOf(path: string): Page[] {
  const db = new Sqlite(path, { readonly: true })
  try {
    const all = db
      .prepare(`SELECT name, pagetype AS kind, pageno AS page FROM dbstat ORDER BY name, pagetype, pageno`)
      .all() as Page[]
    const kinds = Map.groupBy(all, ({ name, kind }) => `${name} ${kind}`)
    const middle = [...kinds.values()].map(pages => pages[Math.floor(pages.length / 2)]!)
    const [freelist] = [readFileSync(path).readUInt32BE(32)]
    return [...middle, { name: 'free pages', kind: 'trunk', page: freelist! }]
  } finally {
    db.close()
  }
}

/** Whether any of it was refused for damage. Any other answer but a success is thrown. */
export class Tried {
  #refused = 0

  note(answer: Answer, ...good: number[]): Answer | null {
    if (good.includes(answer.status)) {
      return answer
    }
    if (answer.status !== 503 || answer.json?.error?.code !== 'store_damaged')
      throw new Error(`${answer.status} ${answer.text}`)
    this.#refused += 1
    return null
  }

  /** Something that ought to be so. */
  check(isSo: boolean): void {
    if (!isSo) this.#refused += 1
  }

  get wasRefused(): boolean {
    return this.#refused > 0
  }
}

import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../../config/config.ts'
import { NONCE_TTL_MS } from '../../http/auth/signature.ts'
import type { KeyId } from '../../intent/routing.ts'
import { keptSecrets } from '../../secrets/first-start.ts'
import { openVault } from '../../secrets/sealing-key.ts'
import { type Fate, Report, type RowReport } from '../report.ts'
import { DatabaseTarget, DryTarget, type Target } from '../target.ts'
import { textOf, Unfit } from './cells.ts'
import { intentOf, type Surroundings, type Taken } from './intents.ts'
import { keyOf } from './keys.ts'
import { intentOfLetter } from './letters.ts'
import { Parties, shownKey } from './parties.ts'
import { ReferenceSource, type Row, SourceError, TABLES } from './source.ts'
import { isPlainAscii, useOf } from './uses.ts'
import { storedValue } from './values.ts'

export type ImportOptions = {
  /** The reference's database. */
  file: string
  /** The settings of the bus that takes it. */
  config: Config
  /** Say what would be done, and do nothing. */
  dry: boolean
  /** Import although BUS_SECRET has published and claimed nothing there. */
  unseenMaster: boolean
  /** Hears of each row. */
  each(row: RowReport): void
  /** Hears of the progress: rows of how many. */
  at(done: number, total: number): void
  warn(line: string): void
}

export type Imported = {
  /** The version that the source's tables are those of. */
  version: string
  report: Report
  /** Requests counted for the rate limit: not taken, they begin at zero. */
  rateLimits: number
  /** Nothing there is the master key's, and something is of a key that is not there. */
  masterUnseen: boolean
}

const TAKEN_BEFORE = 'came with an earlier import'
const NOT_ASCII = 'its body was not plain ASCII: a repeat is answered with 422, not with the id'
const STEP = 500

/**
 * Takes the rows of a reference server's database into the database of this bus, in one transaction, or says what it
 * would take. No bus may run on the target; the source may be in use, and is not written to.
 *
 * @throws {SourceError | StoreOpenError | SecretsError | StorageError} nothing was taken then
 */
export function importReference(options: ImportOptions): Imported {
  const { file, config, dry, unseenMaster } = options
  const path = resolve(config.values.BUS_DB_PATH)
  if (existsSync(file) && existsSync(path) && realpathSync(file) === realpathSync(path)) {
    throw new SourceError(
      `${file} is where this bus keeps its own database: set BUS_DB_PATH to another file.`,
    )
  }
  const source = new ReferenceSource(file)
  try {
    const masterKey = masterKeyOf(options)
    const masterUnseen = isUnseen(masterKey, source)
    if (masterUnseen && !unseenMaster && !dry) throw new SourceError(UNSEEN)
    const wallMs = Date.now()
    const target = dry ? new DryTarget(path, wallMs) : new DatabaseTarget(path, wallMs, options.warn)
    try {
      const report = new Import(options, source, target, masterKey).run()
      target.commit()
      return { version: source.version, report, rateLimits: source.count('rate_limits'), masterUnseen }
    } finally {
      target.close()
    }
  } finally {
    source.close()
  }
}

export const UNSEEN =
  'Nothing in it was published or claimed with BUS_SECRET, and some of it with keys that are not there any more. Set BUS_SECRET to what the reference server has; if it is that, say --unseen-master.'

/** @throws {SourceError} */
function masterKeyOf({ config, warn }: ImportOptions): string {
  const key = config.secrets.BUS_SECRET?.value ?? keptSecrets(config.dataDir, warn).BUS_SECRET
  if (key !== undefined) return key
  throw new SourceError(
    'BUS_SECRET is not set: set it, or BUS_SECRET_FILE, to what the reference server has. It says whose the intents of the master key are.',
  )
}

function isUnseen(masterKey: string, source: ReferenceSource): boolean {
  const issued = new Set<unknown>()
  for (const row of source.keys()) issued.add(row['api_key'])
  let strangers = 0
  for (const party of source.parties()) {
    if (party === masterKey) return false
    if (party !== '' && !issued.has(party)) strangers += 1
  }
  return strangers > 0
}

class Import {
  readonly #options: ImportOptions
  readonly #source: ReferenceSource
  readonly #target: Target
  readonly #parties: Parties
  readonly #around: Surroundings
  readonly #report: Report
  readonly #total: number

  constructor(options: ImportOptions, source: ReferenceSource, target: Target, masterKey: string) {
    this.#options = options
    this.#source = source
    this.#target = target
    this.#parties = new Parties(masterKey, {
      byHash: hash => target.keyOf(hash),
      revoked: () => target.addRevokedKey(),
    })
    const { values } = options.config
    this.#around = {
      now: target.now,
      ttlMs: values.BUS_INTENT_TTL_SECONDS * 1000,
      keepFulfilledMs: values.BUS_FULFILLED_RETENTION_SECONDS * 1000,
      keepDeadMs: values.BUS_DEAD_RETENTION_SECONDS * 1000,
      parties: this.#parties,
      hasPublishers: source.hasPublishers,
      token: () => randomBytes(16).toString('hex'),
      letterOf: id => source.letterOf(id),
    }
    this.#total = TABLES.reduce((sum, table) => sum + source.count(table), 0)
    this.#report = new Report(row => {
      options.each(row)
      if (this.#report.rows % STEP === 0) options.at(this.#report.rows, this.#total)
    })
  }

  run(): Report {
    this.#options.at(0, this.#total)
    this.#keys()
    for (const row of this.#source.intents()) {
      const fate = this.#intent('intents', row['id'], () => intentOf(row, this.#around))
      if (row['status'] === 'dead' || row['status'] === 'failed') this.#letterOf(String(row['id']), fate)
    }
    for (const row of this.#source.letters()) this.#letter(row)
    this.#values()
    this.#uses()
    this.#nonces()
    return this.#report
  }

  #keys(): void {
    const { config, dry, warn } = this.#options
    const sealed = this.#target.sealedKeys()
    // Made when the first key needs it, and tried on those that are there.
    let vault: ReturnType<typeof openVault> | undefined
    for (const row of this.#source.keys()) {
      this.#try('tester_keys', shownKey(textOf(row['api_key']) ?? '?'), () => {
        const { key, changes } = keyOf(row, this.#target.now)
        const { apiKey, hash, prefix, owner, createdAt } = key
        const known = this.#target.keyOf(hash)
        if (known !== null) this.#parties.add(apiKey, known)
        if (known !== null || this.#parties.known(apiKey) !== null) return { already: null }
        if (this.#target.hasTaken('key', hash.toString('hex')))
          return { already: `${TAKEN_BEFORE}, and was revoked` }
        if (!dry) vault ??= openVault(config.keyFile, sealed, warn)
        const seal = (identity: KeyId) => vault?.seal(apiKey, identity) ?? Buffer.alloc(0)
        this.#parties.add(apiKey, this.#target.addKey({ hash, seal, prefix, owner, createdAt }))
        return { changes }
      })
    }
  }

  #intent(table: string, name: unknown, read: () => Taken): Fate {
    return this.#try(table, String(name), () => {
      const { intent, changes } = read()
      if (this.#target.hasIntent(intent.id)) return { already: null }
      if (this.#target.hasTaken('intent', intent.id)) return { already: TAKEN_BEFORE }
      this.#target.addIntent(intent)
      return { changes }
    })
  }

  /** Goes where its intent goes. */
  #letterOf(id: string, fate: Fate): void {
    if (this.#source.letterOf(id) === undefined) return
    if (fate === 'left out') this.#report.row('dead_letters', id, fate, ['its intent is left out'])
    else this.#report.row('dead_letters', id, fate === 'changed' ? 'taken' : fate)
  }

  /** Those that are not of a dead intent. */
  #letter(row: Row): void {
    const id = String(row['intent_id'])
    const status = row['intent_status']
    if (status === null) this.#intent('dead_letters', id, () => intentOfLetter(row, this.#around))
    else if (status !== 'dead' && status !== 'failed') {
      this.#report.row('dead_letters', id, 'left out', ['its intent is not dead'])
    }
  }

  #values(): void {
    const { parties, hasPublishers, now } = this.#around
    for (const row of this.#source.values()) {
      this.#try('store', `row ${row['number']}`, () => {
        const { value, changes } = storedValue(row, { parties, hasPublishers, now })
        const { keyId, key } = value
        if (this.#target.hasValue(keyId, key)) return { already: null }
        this.#target.addValue(keyId, key, value.value, value.expiresAt)
        return { changes }
      })
    }
  }

  #uses(): void {
    for (const row of this.#source.idempotencyKeys()) {
      this.#try('idempotency_keys', `row ${row['number']}`, () => {
        const use = useOf(row, this.#parties.known(textOf(row['api_key']) ?? ''), this.#target.now)
        if (this.#target.hasUse(use.keyId, use.key)) return { already: null }
        if (!this.#target.hasIntent(use.intentId)) throw new Unfit('its intent is not here')
        this.#target.addUse(use)
        const text = this.#source.textOf(use.intentId)
        return { changes: text === null || isPlainAscii(text) ? [] : [NOT_ASCII] }
      })
    }
  }

  /** Of the last minutes: what was signed for the old server must not be sent to this one by somebody who overheard it. */
  #nonces(): void {
    const { now } = this.#target
    for (const row of this.#source.nonces((now - NONCE_TTL_MS) / 1000)) {
      const keyId = this.#parties.known(textOf(row['api_key']) ?? '')
      const nonce = textOf(row['nonce'])
      if (keyId !== null && nonce !== null) this.#target.addNonce(keyId, nonce, now + NONCE_TTL_MS)
    }
  }

  #try(table: string, row: string, take: () => { changes: string[] } | { already: string | null }): Fate {
    const tell = (fate: Fate, why: string[]) => {
      this.#report.row(table, row, fate, why)
      return fate
    }
    try {
      const taken = take()
      if ('already' in taken) return tell('here already', taken.already === null ? [] : [taken.already])
      return tell(taken.changes.length > 0 ? 'changed' : 'taken', taken.changes)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      return tell('left out', [error.message])
    }
  }
}

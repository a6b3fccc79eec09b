import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, onTestFinished } from 'vitest'
import type { Backups } from '../../backup/backups.ts'
import type { Broker } from '../../broker/broker.ts'
import { type ComposedBus, composeBus } from '../../compose-bus.ts'
import { roomSettings } from '../../config/app-settings.ts'
import { type Env, readConfig } from '../../config/config.ts'
import { Aes256Vault } from '../../secrets/vault.ts'
import type { CopySource } from '../../store/store.ts'
import { AnswerCheck } from './answer-check.ts'
import { CALLS_VARIABLE, noteCalls } from './calls.ts'
import { Client } from './client.ts'
import { busElsewhere, busOfItsOwn, elsewhere, leaveOut } from './elsewhere.ts'
import { newPlace, type Place } from './engines.ts'
import { FakeClock } from './fake-clock.ts'
import { LoadedChance } from './loaded-chance.ts'
import { type WatchedStore, watched } from './watched-store.ts'

const calls = process.env[CALLS_VARIABLE]
if (calls !== undefined) noteCalls(calls)

export const MASTER = elsewhere?.key ?? 'master-key-0123456789abcdef0123456789abcdef'
export const ADMIN_TOKEN = elsewhere?.adminToken ?? 'admin-token-0123456789abcdef0123456789abc'
export const PASSWORD =
  elsewhere === null ? 'dashboard-password:with-colon' : (elsewhere.dashboardPassword ?? '')
export const METRICS_TOKEN = elsewhere?.metricsToken ?? 'metrics-token-0123456789abcdef0123456789'

export const basic = (name: string, password: string) => ({
  // Read when it is sent: a test that logs in is left out where the password is not known.
  get authorization() {
    if (elsewhere?.dashboardPassword === null && password === PASSWORD)
      leaveOut('DASHBOARD_PASSWORD is not set')
    return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
  },
})

/**
 * A bus on a free port: the real store on a real disk, the real HTTP server, and time that the test moves.
 * @param env environment variables; the rest has the defaults of production
 * @param place where it keeps what outlives it
 */
export class TestBus {
  #env: Env
  readonly #place: Place
  #bus!: ComposedBus
  readonly #vault = new Aes256Vault(Buffer.alloc(32, 7))
  readonly clock = new FakeClock(() => this.store.settled())
  readonly chance = new LoadedChance()
  readonly version: string = '0.1.0-test'
  readonly answers = new AnswerCheck()
  /** What was logged, line by line, at every level. */
  readonly log: string[] = []
  /** How far the wall clock is from bus time, in ms. */
  wallAheadMs = 0
  store!: WatchedStore
  broker!: Broker
  backups: Backups | null = null
  /** Another one than the store's, from the next start on. */
  copySource: CopySource | null = null
  app!: FastifyInstance
  url = ''
  port = 0

  constructor(env: Env, place = newPlace()) {
    this.#env = env
    this.#place = place
  }

  async start(): Promise<void> {
    const config = readConfig(this.#env)
    this.store = watched(await this.#place.open(roomSettings(config)))
    const { clock, chance, store, version } = this
    if (this.copySource !== null) Object.defineProperty(store, 'copySource', { value: this.copySource })
    this.#bus = await composeBus({
      config,
      secrets: { ...SECRETS, ...this.#secretsGiven() },
      version,
      store,
      vault: this.#vault,
      clock,
      chance,
      logger: pino({ level: 'trace' }, { write: line => this.log.push(line) }),
      wallNow: () => this.clock.now() + this.wallAheadMs,
      watch: app => this.answers.watch(app),
    })
    this.app = this.#bus.app
    this.broker = this.#bus.broker
    this.backups = this.#bus.backups
    this.backups?.begin()
    this.url = await this.app.listen({ host: '127.0.0.1', port: 0 })
    this.port = (this.app.server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.app.server.closeAllConnections()
    await this.#bus.stop(0)
    await this.store.close()
  }

  /** Stops in order and starts again on the same place; memory is gone, the disk is not. @param env what changes */
  async restart(env: Env = {}): Promise<void> {
    await this.stop()
    this.#env = { ...this.#env, ...env }
    await this.start()
  }

  async remove(): Promise<void> {
    await this.stop()
    await this.#place.remove()
    this.answers.verdict()
  }

  bytesAtRest(): string {
    return this.#place.bytesAtRest()
  }

  get nobody(): Client {
    return new Client(this.url, {})
  }

  get master(): Client {
    return new Client(this.url, { 'x-api-key': MASTER })
  }

  get admin(): Client {
    return new Client(this.url, { 'x-admin-token': ADMIN_TOKEN })
  }

  /** Somebody with an issued key. */
  async issue(owner = 'somebody', terms: object = {}): Promise<Client> {
    const { json } = await this.admin.post('/admin/generate_key', { owner, ...terms })
    return new Client(this.url, { 'x-api-key': json.api_key })
  }

  /** @returns the value of one series, or `undefined` when it is not shown */
  async metric(series: string): Promise<number | undefined> {
    const { text } = await this.nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })
    const line = text.split('\n').find(each => each.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }

  /** How many workers are in a long poll, once nothing is on its way through the store. */
  async waitingClaims(): Promise<number> {
    await this.store.settled()
    return this.broker.waiting
  }

  /** Resolves when no backup is under way. */
  async backupDone(): Promise<void> {
    while (this.backups?.runningSince != null) await new Promise(resolve => setTimeout(resolve, 5))
  }

  /** Lets that much bus time go by: at once here, in earnest on a bus elsewhere. For what is true from then on. */
  passes(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /** Unix seconds by the wall clock. */
  seconds(): number {
    return Math.floor((this.clock.now() + this.wallAheadMs) / 1000)
  }

  /** A secret given as `''` is not configured. */
  #secretsGiven(): Partial<typeof SECRETS> {
    const given = Object.entries(this.#env).filter(([name]) => name in SECRETS)
    return Object.fromEntries(given) as Partial<typeof SECRETS>
  }
}

const SECRETS = {
  BUS_SECRET: MASTER,
  BUS_ADMIN_SECRET: ADMIN_TOKEN,
  DASHBOARD_PASSWORD: PASSWORD,
  BUS_METRICS_TOKEN: METRICS_TOKEN,
}

/** For all tests of a file. Issued keys are not held to 60 requests a minute unless the test says so. */
export async function busForFile(env: Env = {}): Promise<TestBus> {
  if (elsewhere !== null) return (await busElsewhere(elsewhere, env)) as unknown as TestBus
  const bus = await started(env)
  afterAll(() => bus.remove())
  return bus
}

/** For one test. @param place where an earlier bus left something */
export async function busForTest(env: Env = {}, place?: Place): Promise<TestBus> {
  if (elsewhere !== null) return busOfItsOwn()
  const bus = await started(env, place)
  onTestFinished(() => bus.remove())
  return bus
}

async function started(env: Env, place?: Place): Promise<TestBus> {
  const bus = new TestBus({ BUS_RATE_LIMIT: '1000000', ...env }, place)
  await bus.start()
  return bus
}

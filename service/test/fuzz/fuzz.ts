/** Sends one request after the other, sometimes many at once, and judges what the bus does. */
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { ADMIN_SECRET, MASTER_KEY } from '../support/bus-process.ts'
import { sign } from '../support/signing.ts'
import type { Memory, WatchedBus } from '../support/turns/watched-bus.ts'
import type { Call } from './document.ts'
import { type Asked, Findings } from './findings.ts'
import { HealthProbe } from './health-probe.ts'
import { faultOf, faultsInLog } from './judge.ts'
import { anyPlan, type Plan, withKnown } from './requests.ts'
import { type Outcome, send } from './send.ts'
import { Slowest } from './slowest.ts'
import { Upkeep } from './upkeep.ts'

/** Plans that are drawn together: fast-check begins each draw with the simplest. */
const DRAWN = 200
/** After so many the bus is emptied. */
const CLEAR_EVERY = 400
const AT_ONCE = 8
/** Requests whose work in the bus may not have been told of yet. */
const REMEMBERED = 200
const UNKNOWN_ID = '0'.repeat(32)

export type Limits = { turnMs: number }

export class Fuzz {
  readonly findings: Findings
  readonly statuses = new Map<string, number>()
  readonly slowest: Slowest
  readonly health: HealthProbe
  requests = 0
  readonly #bus: WatchedBus
  readonly #calls: readonly Call[]
  readonly #limits: Limits
  readonly #upkeep: Upkeep
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 * AT_ONCE })
  readonly #recent = new Map<string, Asked & { alone: boolean }>()
  #readOutput = 0
  #id = UNKNOWN_ID
  #token = 'none'

  constructor(bus: WatchedBus, calls: readonly Call[], limits: Limits, folder: string) {
    this.#bus = bus
    this.#calls = calls
    this.#limits = limits
    this.findings = new Findings(folder)
    this.slowest = new Slowest()
    this.health = new HealthProbe(bus.base)
    this.#upkeep = new Upkeep(bus.base)
  }

  /** @param until `performance.now()` at which it ends */
  async run(seed: number, until: number): Promise<void> {
    await this.#upkeep.clear()
    for (let draw = 0; performance.now() < until; draw++) {
      const plans = fc.sample(anyPlan(this.#calls), { seed: (seed + draw * 7919) | 0, numRuns: DRAWN })
      for (let i = 0; i < plans.length && performance.now() < until; ) {
        const count = i % 40 === 0 ? AT_ONCE : 1
        await this.#askAll(
          plans.slice(i, i + count).map((plan, j) => this.#made(plan, `${seed}-${draw}-${i + j}`)),
        )
        i += count
        if (this.requests % CLEAR_EVERY < count) await this.#clear()
        else if (this.#recent.size > REMEMBERED) await this.#look()
      }
    }
    await this.#clear()
  }

  async replay(asked: readonly Asked[]): Promise<void> {
    await this.#upkeep.clear()
    for (const each of asked) await this.#askAll([each])
    await this.#look()
    if (asked.length > 1) await this.#askAll(asked)
    await this.#clear()
  }

  /** @returns what the bus takes when it is empty */
  async memory(): Promise<Memory> {
    await this.#clear()
    await sleep(2000)
    return this.#bus.memory()
  }

  close(): void {
    this.health.stop()
    this.#agent.destroy()
  }

  async #clear(): Promise<void> {
    await this.#upkeep.clear()
    await this.#look()
  }

  #made(plan: Plan, id: string): Asked {
    const known = (text: string): string => withKnown(text, this.#id, this.#token)
    const url = known(plan.url)
    const body = plan.body === null ? null : knownIn(plan.body(), known)
    const headers = [...plan.headers.map(([name, value]) => [name, known(value)] as const)]
    const signed = plan.credentials === 'signed'
    const key =
      plan.credentials === 'issued'
        ? this.#upkeep.key
        : plan.credentials === 'wrong'
          ? 'tk_wrong'
          : MASTER_KEY
    if (plan.credentials !== 'none') headers.push(['X-API-KEY', key])
    if (plan.credentials === 'master' || signed) headers.push(['X-Admin-Token', ADMIN_SECRET])
    const { method } = plan.call
    if (signed) headers.push(...signature(method, url, body, key))
    const sent = { id, method, url, headers, body, chunked: plan.chunked }
    return { sent, call: plan.call, kind: plan.kind }
  }

  async #askAll(together: readonly Asked[]): Promise<void> {
    await Promise.all(together.map(asked => this.#ask(asked, together.length === 1)))
  }

  async #ask(asked: Asked, alone: boolean): Promise<void> {
    const { sent, call } = asked
    this.#recent.set(sent.id, { ...asked, alone })
    this.requests += 1
    const outcome = await send(this.#bus.base, this.#agent, sent)
    const status = 'broken' in outcome ? outcome.broken : `${outcome.status}`
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    const fault = faultOf(sent, call, outcome)
    if (fault !== null) this.findings.add(`${call.method} ${call.path}: ${fault}`, [asked])
    this.#learn(outcome)
    if (call.path === '/admin/maintenance' && status === '200') await this.#upkeep.endMaintenance()
  }

  /** Takes ids and tokens from answers, for the requests that come. */
  #learn(outcome: Outcome): void {
    if ('broken' in outcome || outcome.status >= 300) return
    const id = /"id":"([0-9a-f]{32})"/.exec(outcome.text)?.[1]
    const token = /"claim_token":"([^"]+)"/.exec(outcome.text)?.[1]
    if (token !== undefined) this.#token = token
    if (id !== undefined && (token !== undefined || this.requests % 2 === 0)) this.#id = id
  }

  /** Judges what the bus has told of its work since the last time, and its log. */
  async #look(): Promise<void> {
    const bus = this.#bus
    await bus.settled()
    const { turnMs } = this.#limits
    for (const { ms, requests } of bus.turns.splice(0)) {
      if (ms <= turnMs) continue
      const asked = requests.flatMap(({ id }) => this.#recent.get(id) ?? [])
      const names = asked.map(
        ({ call, sent, kind }) =>
          `${call.method} ${call.path}, ${sent.body?.length ?? 0} bytes, ${kind || 'nothing odd'}`,
      )
      const others = requests.filter(({ id }) => !this.#recent.has(id)).map(({ route }) => route)
      this.findings.add(
        `a turn of ${ms.toFixed(0)} ms CPU at ${[...names, ...others].join(' + ') || 'no request'}`,
        asked,
      )
    }
    for (const { id, longestMs, tookMs } of bus.answered.values()) {
      const asked = this.#recent.get(id)
      // What others did at the same time is in its figures as well.
      if (asked?.alone) this.slowest.add(asked, longestMs, tookMs)
    }
    bus.answered.clear()
    this.#recent.clear()
    const { out, err } = bus.child
    const lines = out.slice(this.#readOutput).split('\n')
    this.#readOutput = out.lastIndexOf('\n') + 1
    for (const line of faultsInLog(lines.slice(0, -1)))
      this.findings.add(`a line of the log: ${line.slice(0, 500)}`, [])
    if (err !== '') this.findings.add(`on stderr: ${err.slice(0, 500)}`, [])
    bus.child.err = ''
  }
}

function knownIn(body: Buffer, known: (text: string) => string): Buffer {
  // Only small ones have room for anything but their filling.
  return body.length > 64 * 1024 ? body : Buffer.from(known(body.toString('latin1')), 'latin1')
}

function signature(method: string, path: string, body: Buffer | null, key: string): [string, string][] {
  try {
    return Object.entries(sign({ method, path, body: body ?? '', key }, { timestamp: Date.now() / 1000 }))
  } catch {
    // A URL that cannot be decoded has no signature.
    return []
  }
}

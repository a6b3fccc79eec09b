/** One run from its start to its result: the buses, the harness's own measure, the phases by turns, and the cleaning up. */
import { randomBytes } from 'node:crypto'
import { accessTo, accessToOther, shown } from './bus/access.ts'
import { type Access, BusClient, membersOf, nameOf } from './bus/bus-client.ts'
import { type BusTime, realTime } from './bus/bus-time.ts'
import { OwnBus } from './bus/own-bus.ts'
import { measureCeiling } from './ceiling.ts'
import type { Options } from './options.ts'
import { attempts } from './phases/attempts.ts'
import { type Phase, phaseOf } from './phases/check.ts'
import { idempotency } from './phases/idempotency.ts'
import { type LoadOutcome, load } from './phases/load.ts'
import { loadChecks } from './phases/load-checks.ts'
import type { LoadSpec } from './phases/load-run.ts'
import { PUBLISHED } from './profiles.ts'
import { type BusResult, loadResult, machine, type Ratio, type Result, ratiosOf } from './report/result.ts'
import { StressError } from './stress-error.ts'

/** Told what is going on. */
export type Audience = {
  begins(what: string): void
  progress(done: number, of: number, note: string): void
}

type UnderTest = {
  access: Access
  own: OwnBus | null
  client: BusClient
  namespace: string
  version: string | null
  time: BusTime
  phases: Phase[]
  outcomes: LoadOutcome[]
}

const TITLES = {
  '1A': 'idempotency: one key, one intent',
  '1B': 'attempts: two failures of two, and it is dead',
  '2': 'load: published once, settled at least once, accepted at most once',
} as const

/** @throws {StressError} when nothing can be measured */
export async function stress(
  options: Options,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  audience: Audience,
  command: string,
): Promise<Result> {
  const startedAt = new Date().toISOString()
  const on = machine(options.note)
  const buses: UnderTest[] = []
  try {
    await openBuses(options, env, audience, buses)
    const specs = buses.map(bus => specOf(options, bus))
    let ceiling: Result['ceiling'] = null
    if (options.ceiling && options.phases.includes('2') && !signal.aborted) {
      audience.begins('the harness alone, against a bus that does nothing')
      ceiling = await measureCeiling(specs[0]!, signal)
    }
    for (const bus of buses) await singlePhases(options, bus, signal, audience)
    if (options.phases.includes('2')) await turns(options, buses, specs, signal, audience)
    const results: BusResult[] = []
    for (const bus of buses) results.push(await resultOf(options, bus))
    const [first, second] = buses
    const ratios: Ratio[] =
      first === undefined || second === undefined ? [] : ratiosOf(first.outcomes, second.outcomes)
    return {
      format: 'intent-bus stress 1',
      startedAt,
      passed: results.every(
        ({ phases }) => phases.length > 0 && phases.every(({ verdict }) => verdict === 'passed'),
      ),
      interrupted: signal.aborted,
      command,
      profile: options.profile,
      options: {
        batch: options.batch,
        waitSeconds: options.waitS,
        ratePerSecond: options.rate,
        payloadBytes: options.payloadBytes,
        workMs: options.workMs,
        timeoutSeconds: options.timeoutMs / 1000,
        signed: specs[0]!.access.sign,
      },
      machine: on,
      ceiling,
      buses: results,
      ratios,
      published: PUBLISHED,
    }
  } finally {
    for (const { client, own } of buses) {
      await client.close()
      await own?.remove()
    }
  }
}

async function openBuses(
  options: Options,
  env: NodeJS.ProcessEnv,
  audience: Audience,
  buses: UnderTest[],
): Promise<void> {
  let own: OwnBus | null = null
  let access: Access
  if (options.target === undefined) {
    audience.begins('a bus of its own starts')
    own = await OwnBus.start(options.limits)
    access = { ...own.access, sign: options.sign }
  } else access = accessTo(options.target, options.bus, options.sign, env)
  const others = options.against === undefined ? [] : [accessToOther(options.against, access, env)]
  for (const each of [access, ...others]) {
    const client = new BusClient(each, 4, options.timeoutMs)
    const bus = {
      access: each,
      own: each === access ? own : null,
      client,
      // The protocol's names of namespaces: letters and digits will do.
      namespace: `stress-${randomBytes(4).toString('hex')}`,
      phases: [],
      outcomes: [],
      version: null,
      time: realTime(0),
    }
    buses.push(bus)
    Object.assign(bus, await greet(client, each))
  }
}

/** @throws {StressError} when it is no bus, or does not let us in */
async function greet(client: BusClient, access: Access): Promise<Pick<UnderTest, 'version' | 'time'>> {
  const health = await client.send({ method: 'GET', path: '/health' })
  const middle = Date.now() - (health.answeredAt - health.sentAt) / 2
  const { ts, version } = membersOf(health)
  if (health.status !== 200 || typeof ts !== 'number') {
    throw new StressError(`No bus answers at ${shown(access.url)}: GET /health was ${nameOf(health)}.`, 3)
  }
  // An intent that cannot be is not found by whoever is let in.
  const asked = await client.send({ method: 'GET', path: `/status/${'0'.repeat(32)}` })
  if (asked.status === 401 || asked.status === 403) {
    throw new StressError(`${shown(access.url)} does not take the key (${nameOf(asked)}).`, 3)
  }
  return { version: typeof version === 'string' ? version : null, time: realTime(ts * 1000 - middle) }
}

/** Longer than the pause after an empty claim. */
const QUIET_MS = 3000

function specOf(options: Options, { access, namespace, time }: UnderTest): LoadSpec {
  const { profile, batch, waitS, rate, payloadBytes, workMs, timeoutMs } = options
  const how = { batch, waitS, rate, payloadBytes, workMs, timeoutMs }
  return { access, profile, namespace, time, ...how, quietMs: QUIET_MS, verify: true }
}

async function singlePhases(
  options: Options,
  bus: UnderTest,
  signal: AbortSignal,
  audience: Audience,
): Promise<void> {
  const where = shown(bus.access.url)
  const { own, client, namespace } = bus
  if (options.phases.includes('1A') && !signal.aborted) {
    audience.begins(`1A idempotency, ${where}`)
    const restart = own === null ? null : () => own.restart()
    const checks = await idempotency(client, namespace, restart, signal)
    bus.phases.push(phaseOf('1A', TITLES['1A'], checks, signal.aborted))
  }
  if (options.phases.includes('1B') && !signal.aborted) {
    audience.begins(`1B attempts, ${where}: two backoffs are waited out`)
    const checks = await attempts(client, namespace, bus.time, signal)
    bus.phases.push(phaseOf('1B', TITLES['1B'], checks, signal.aborted))
  }
}

/** A, B, A, B…: what the machine does meanwhile it does to both. */
async function turns(
  options: Options,
  buses: UnderTest[],
  specs: LoadSpec[],
  signal: AbortSignal,
  audience: Audience,
): Promise<void> {
  const { jobs } = options.profile
  for (let turn = 0; turn < options.rounds; turn += 1) {
    for (const [i, bus] of buses.entries()) {
      if (signal.aborted) break
      const of = options.rounds > 1 ? `, turn ${turn + 1} of ${options.rounds}` : ''
      audience.begins(`2 load, ${shown(bus.access.url)}${of}`)
      const spec = { ...specs[i]!, namespace: `${bus.namespace}-${turn}` }
      const outcome = await load(spec, signal, ({ counts, jobs: begun }) =>
        audience.progress(
          Math.min(counts.settled, jobs),
          jobs,
          `${begun.length} published${counts.errors > 0 ? `, ${counts.errors} errors` : ''}`,
        ),
      )
      bus.outcomes.push(outcome)
    }
  }
  for (const bus of buses) {
    const checks = bus.outcomes.map(outcome => loadChecks(outcome, jobs))
    const merged = (checks[0] ?? []).map((check, i) => {
      const turns = checks.map(each => each[i]!)
      return turns.find(({ ok }) => ok === false) ?? turns.find(({ ok }) => ok === null) ?? check
    })
    bus.phases.push(phaseOf('2', TITLES['2'], merged, signal.aborted))
  }
}

async function resultOf(options: Options, bus: UnderTest): Promise<BusResult> {
  const { own } = bus
  return {
    url: shown(bus.access.url),
    startedHere: own !== null,
    version: bus.version,
    phases: bus.phases,
    load: loadResult(bus.outcomes, options.profile.jobs),
    process: own?.report() ?? null,
    left: own === null ? await cleanUp(bus) : 'nothing: it was stopped, and its files are gone',
  }
}

/** @returns what stays behind */
async function cleanUp({ client, namespace, outcomes }: UnderTest): Promise<string> {
  const namespaces = [namespace, ...outcomes.map((_, turn) => `${namespace}-${turn}`)]
  const ownIntents = `the intents of ${namespaces.join(', ')}`
  if (!client.isAdmin)
    return `${ownIntents}: set BUS_ADMIN_TOKEN, and they are purged. The bus drops them after its retention`
  for (const each of namespaces) {
    const reply = await client.sendAsAdmin('POST', '/admin/purge', { confirm: true, namespace: each })
    if (reply.status !== 200) return `${ownIntents}: the purge was refused (${nameOf(reply)})`
  }
  return 'nothing but idempotency keys, which the bus drops by itself: the namespaces of the run were purged'
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { wireState } from '../../intent/lifecycle.ts'
import { backoffMs, JITTER_MS } from '../../intent/retry.ts'
import type { ExtendOp, FailOp, FulfilOp, Op, PublishOp, PurgeCursor } from '../../store/operations.ts'
import type { Claimed, Outcome } from '../../store/outcomes.ts'
import type { DeadLetterPage } from '../../store/records.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { Model, moveRunAt } from './model.ts'
import { type Step, type Turn, turns } from './steps.ts'

const TTL_MS = 2 * 3_600_000
const RUNS = Number(process.env['MODEL_RUNS'] ?? 150)
const KEEP_MS = 600_000
const SWEEP = {
  kind: 'sweep',
  limit: 1000,
  seed: 0.5,
  keepFulfilledMs: 1e12,
  keepDeadMs: 1e12,
  prune: false,
} as const
const quiet = { info() {}, warn() {}, error() {} }

let folder: string
let store: Store
// Time only goes forward, across the runs too: they share one store, emptied in between.
let now = 1_000_000
let serial = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bus-model-'))
  store = await openSqliteStore({ path: join(folder, 'bus.db'), log: quiet })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

test('the store does what a plain model does, whatever is asked of it and however time passes', async () => {
  await fc.assert(fc.asyncProperty(turns, agree), { numRuns: RUNS })
})

async function agree(script: Turn[]): Promise<void> {
  await store.commit([{ kind: 'purge', namespace: null, from: null, limit: 1 }], now)
  const model = new Model()
  for (const turn of script) {
    now += turn.waitMs
    model.now = now
    // The sweep's timer fires as soon as time-driven work is due: before anything else of this turn.
    await playTurn(model, [{ do: 'sweep' }])
    await playTurn(model, turn.steps)
    if (turn.purge !== null) await purge(model, turn.purge)
    if (turn.prune) await prune(model)
  }
  await sameEndState(model)
}

async function purge(model: Model, namespace: string): Promise<void> {
  model.purge(namespace)
  let from: PurgeCursor | null = null
  do {
    const { outcomes } = await store.commit([{ kind: 'purge', namespace, from, limit: 2 }], now)
    from = (outcomes[0] as { ok: true; value: { next: PurgeCursor | null } }).value.next
  } while (from !== null)
}

async function prune(model: Model): Promise<void> {
  model.prune(KEEP_MS)
  await store.commit([{ ...SWEEP, keepFulfilledMs: KEEP_MS, keepDeadMs: KEEP_MS, prune: true }], now)
}

/** One commit, on both sides. */
async function playTurn(model: Model, steps: Step[]): Promise<void> {
  model.lapses = []
  const ops = steps.map(step => toOp(step, model))
  const requeued: string[] = []
  const expected = ops.map(op => play(model, op, requeued))
  const committed = await store.commit(ops, now)
  expect(committed.outcomes.map(comparable)).toEqual(expected)
  expect(sorted(committed.transaction.lapses)).toEqual(sorted(model.lapses))
  for (const id of requeued) await adoptRunAt(model, id)
}

function toOp(step: Step, model: Model): Op {
  const picked = (pick: number) => model.intents[pick % Math.max(1, model.intents.length)]
  // Few are dead, so most are picked among those, and the newest may be among them.
  const dead = model.deadLetters(null)
  const pickedIds = (picks: number[]) =>
    picks.map(pick => (pick % 4 === 0 ? picked(pick) : dead[pick % Math.max(1, dead.length)])?.id ?? 'nobody')
  serial += 1
  const fresh = serial.toString(16).padStart(32, '0')
  switch (step.do) {
    case 'publishAll':
      return { kind: 'publishAll', ops: step.items.map(item => toOp(item, model) as PublishOp), nonce: null }
    case 'settleAll': {
      const ops = step.items.map(item => toOp(item, model) as FulfilOp | FailOp | ExtendOp)
      return { kind: 'settleAll', ops, nonce: null }
    }
    case 'progress': {
      const { id = 'nobody', token = '', claimer } = picked(step.pick) ?? {}
      const held = { id, token, keyId: claimer ?? 0, nonce: null }
      return { kind: 'progress', ...held, progress: step.percent, message: null, leaseMs: step.leaseMs }
    }
    case 'publish': {
      const { route, priority, delayMs, maxAttempts, key, limit } = step
      const fingerprint = `${step.body}`
      return {
        kind: 'publish',
        id: fresh,
        route,
        payload: `{"body":${step.body},"of":"${fresh}"}`,
        priority,
        delayMs,
        ttlMs: TTL_MS,
        maxAttempts,
        backoffMs: 5000,
        openLimit: limit,
        idempotency: key === null ? null : { key: `key-${key}`, fingerprint, expiresAt: now + 3_600_000 },
        nonce: null,
      }
    }
    case 'claim':
      return {
        kind: 'claim',
        ask: step.ask,
        tokens: Array.from({ length: step.most }, (_, i) => `${i}${fresh}`),
        leaseMs: step.leaseMs,
        nonce: null,
      }
    case 'release': {
      const intent = picked(step.pick)
      const token = step.token === 'right' ? (intent?.token ?? '') : 'f'.repeat(32)
      return { kind: 'release', id: intent?.id ?? 'nobody', token }
    }
    case 'extend':
    case 'fulfil':
    case 'fail': {
      const intent = picked(step.pick)
      const tokens = { right: intent?.token ?? '', wrong: 'f'.repeat(32), none: null }
      const held = {
        id: intent?.id ?? 'nobody',
        keyId: step.token === 'right' ? (intent?.claimer ?? step.keyId) : step.keyId,
        token: tokens[step.token],
        nonce: null,
      }
      if (step.do === 'extend') return { kind: 'extend', ...held, leaseMs: 30_000 }
      if (step.do === 'fail')
        return { kind: 'fail', ...held, error: `it broke in attempt ${intent?.attempts}`, jitterMs: 500 }
      return { kind: 'fulfil', ...held, result: `{"of":"${held.id}"}`, resultType: 'json' }
    }
    case 'cancel':
      return { kind: 'cancel', id: picked(step.pick)?.id ?? 'nobody', publisher: step.publisher, nonce: null }
    case 'retry':
      return {
        kind: 'retry',
        id: picked(step.pick)?.id ?? 'nobody',
        publisher: step.publisher,
        openLimit: step.limit,
        ttlMs: TTL_MS,
        nonce: null,
      }
    case 'retryDead':
      return { kind: 'retryDead', ids: pickedIds(step.picks), ttlMs: TTL_MS }
    case 'dropDead':
      return { kind: 'dropDead', ids: pickedIds(step.picks) }
    case 'set':
      return {
        kind: 'set',
        keyId: step.keyId,
        key: `k${step.key}`,
        value: 'é'.repeat(step.value),
        expiresAt: now + step.ttlMs,
        nonce: null,
      }
    case 'replay':
      return { kind: 'witness', nonce: { keyId: 0, value: `n${step.nonce}`, expiresAt: now + 1e9 } }
    case 'sweep':
      return SWEEP
  }
}

function play(model: Model, op: Op, requeued: string[]): unknown {
  if ('nonce' in op && model.isReplay(op.nonce)) return { refused: 'replay' }
  switch (op.kind) {
    case 'publish':
      return model.publish(op)
    case 'publishAll':
      return model.publishAll(op)
    case 'settleAll':
      return op.ops.map(one => play(model, one, requeued))
    case 'progress':
      return model.progress(op)
    case 'claim':
      return model.claim(op)
    case 'release':
      return model.release(op)
    case 'extend':
      return model.extend(op)
    case 'fulfil':
      return model.fulfil(op)
    case 'fail':
      return model.fail(op)
    case 'cancel':
      return model.cancel(op)
    case 'retry':
      return model.retry(op)
    case 'retryDead':
      return model.retryDead(op.ids, op.ttlMs)
    case 'dropDead':
      return model.dropDead(op.ids)
    case 'set':
      model.values.set(`${op.keyId} ${op.key}`, op)
      return null
    case 'sweep':
      requeued.push(...model.sweep())
      return 'swept'
    default:
      return null
  }
}

/** The part of an outcome that the model speaks of. */
function comparable(outcome: Outcome): unknown {
  if (!outcome.ok) {
    return outcome.item === undefined
      ? { refused: outcome.refusal }
      : { refused: outcome.refusal, item: outcome.item }
  }
  return known(outcome.value)
}

const isOutcome = (value: unknown): value is Outcome =>
  typeof value === 'object' && value !== null && 'ok' in value

function known(value: (Outcome & { ok: true })['value']): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (Array.isArray(value)) {
    return value.map(each => (isOutcome(each) ? comparable(each) : known(each as never)))
  }
  if ('payload' in value) {
    const { id, attempts, payload } = value as Claimed
    return { id, attempts, payload }
  }
  if ('counts' in value) return 'swept'
  if ('replayed' in value) return { id: value.id, replayed: value.replayed }
  if ('became' in value) return { id: value.id, became: value.became }
  if ('moved' in value) return { id: value.id, moved: value.moved }
  return value
}

/** The jitter of an ended lease is the engine's to draw: it must lie in its window, and the model follows it. */
async function adoptRunAt(model: Model, id: string): Promise<void> {
  const intent = model.find(id)!
  const { runAt } = (await store.intent(id))!
  const earliest = now + backoffMs(intent.backoffMs, intent.attempts, 0)
  expect(runAt).toBeGreaterThanOrEqual(earliest)
  expect(runAt).toBeLessThan(earliest + JITTER_MS)
  moveRunAt(intent, runAt)
}

async function sameEndState(model: Model): Promise<void> {
  for (const intent of model.intents) {
    const stored = (await store.intent(intent.id))!
    expect({ ...stored, state: wireState(stored.state) }).toMatchObject({
      route: intent.route,
      state: intent.state,
      attempts: intent.attempts,
      runAt: intent.runAt,
      expiresAt: intent.expiresAt,
      claimer: intent.claimer,
      lastError: intent.lastError,
      progress: intent.progress === null ? null : { progress: intent.progress, message: null },
    })
    expect(await store.payload(intent.id)).toBe(intent.payload)
    expect(await store.result(intent.id)).toEqual(intent.result)
    const letter = await store.deadLetter(intent.id)
    expect(letter && { cause: letter.cause, reason: letter.reason }).toEqual(intent.death)
  }
  for (const { keyId, key, value, expiresAt } of model.values.values()) {
    expect(await store.value(keyId, key, now)).toBe(expiresAt > now ? value : null)
  }
  for (const id of model.dropped) {
    for (const read of ['intent', 'payload', 'result', 'deadLetter'] as const) {
      expect(await store[read](id)).toBeNull()
    }
  }
  await sameDeadLetters(model)
  await sameTallies(model)
}

async function sameDeadLetters(model: Model): Promise<void> {
  for (const namespace of [null, 'default', 'home']) {
    const search = { namespace, goal: null, cause: null, reason: null, since: null, limit: 2 }
    const listed: string[] = []
    let before: number | null = null
    do {
      const page: DeadLetterPage = (await store.deadLetters({ ...search, before }))!
      listed.push(...page.letters.map(letter => letter.intentId))
      before = page.next
    } while (before !== null)
    const dead = model.deadLetters(namespace)
    expect(listed.toSorted()).toEqual(dead.map(intent => intent.id).sort())
    expect(listed.map(id => model.find(id)!.deaths)).toEqual(dead.map(intent => intent.deaths))
  }
}

/** What is kept beside the intents, so that nothing ever counts them. */
async function sameTallies(model: Model): Promise<void> {
  const depth = await store.depths(['default', 'home'], 0)
  const { totals } = await store.stats()
  const all = { open: 0, claimed: 0, fulfilled: 0, dead: 0 }
  for (const { state } of model.intents) all[state] += 1
  expect(totals).toEqual(all)
  for (const namespace of ['default', 'home']) {
    const tallies = { open: 0, claimed: 0, fulfilled: 0, dead: 0 }
    for (const { route, state } of model.intents) if (route.namespace === namespace) tallies[state] += 1
    // One in which nothing is left may still be there, with zeros.
    const kept = depth.find(of => of.namespace === namespace) ?? { ...NOTHING, namespace }
    expect(kept).toEqual({ namespace, ...tallies })
  }
  const holdings = await store.holdings()
  for (const keyId of [0, 1]) {
    const theirs = model.intents.filter(({ route }) => route.publisher === keyId)
    const open = theirs.filter(({ state }) => state === 'open')
    const values = [...model.values.values()].filter(each => each.keyId === keyId)
    const held = {
      unsettled: theirs.filter(({ state }) => state === 'open' || state === 'claimed').length,
      payloadBytes: open.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0),
      valueBytes: values.reduce((sum, { key, value }) => sum + Buffer.byteLength(key + value), 0),
    }
    expect(holdings.get(keyId)).toEqual(Object.values(held).every(each => each === 0) ? undefined : held)
  }
}

const NOTHING = { open: 0, claimed: 0, fulfilled: 0, dead: 0 }

function sorted<T>(values: readonly T[]): string[] {
  return values.map(value => JSON.stringify(value)).sort()
}

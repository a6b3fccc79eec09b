/** A bus that lies fails the phase that looks there; the same bus passes when it does not. */
import { expect, onTestFinished, test } from 'vitest'
import { BusClient } from '../stress/bus/bus-client.ts'
import type { BusTime } from '../stress/bus/bus-time.ts'
import { attempts } from '../stress/phases/attempts.ts'
import { type Check, phaseOf } from '../stress/phases/check.ts'
import { idempotency } from '../stress/phases/idempotency.ts'
import { load } from '../stress/phases/load.ts'
import { loadChecks } from '../stress/phases/load-checks.ts'
import { profileOf } from '../stress/profiles.ts'
import { type Lie, LyingBus } from './lying-bus.ts'

const JOBS = 60
const never = new AbortController().signal

const timeOf = (bus: LyingBus): BusTime => ({
  now: () => bus.nowMs,
  wait: async ms => {
    bus.nowMs += ms
  },
})

const PHASES: Record<'1A' | '1B' | '2', (bus: LyingBus) => Promise<Check[]>> = {
  '1A': bus => idempotency(clientOf(bus), 'stress', async () => bus.restart(), never),
  '1B': bus => attempts(clientOf(bus), 'stress', timeOf(bus), never),
  async '2'(bus) {
    const outcome = await load(
      {
        access: accessTo(bus),
        profile: profileOf('custom', 5, JOBS),
        namespace: 'stress',
        batch: 1,
        waitS: 0,
        rate: null,
        payloadBytes: 100,
        workMs: 0,
        timeoutMs: 10_000,
        time: timeOf(bus),
        quietMs: 100,
        verify: true,
      },
      never,
    )
    return loadChecks(outcome, JOBS)
  },
}

const accessTo = ({ url }: LyingBus) => ({ url, key: 'any', adminToken: undefined, sign: false })

function clientOf(bus: LyingBus): BusClient {
  const client = new BusClient(accessTo(bus), 2, 10_000)
  onTestFinished(() => client.close())
  return client
}

test.each(['1A', '1B', '2'] as const)('phase %s passes an honest bus', async name => {
  const checks = await PHASES[name](await LyingBus.start(null))
  expect(checks.filter(({ ok }) => ok === false)).toEqual([])
  expect(phaseOf(name, '', checks, false).verdict).toBe('passed')
})

const LIES: [phase: '1A' | '1B' | '2', lie: Lie, seenBy: RegExp][] = [
  ['1A', 'takes another body', /another body is refused/],
  ['1A', 'makes two under one key', /there is one intent to claim/],
  ['1A', 'forgets a key when it restarts', /after a restart, the same key and body/],
  ['1A', 'forgets a key at the end', /after it is fulfilled/],
  ['1B', 'never kills', /after two failures it is dead/],
  ['1B', 'hands out the dead', /not handed out a third time/],
  ['1B', 'fails without a backoff', /in backoff, not dead/],
  ['1B', 'keeps its dead in the open', /after two failures it is dead/],
  ['2', 'loses', /every job is settled/],
  ['2', 'hides', /every job is settled/],
  ['2', 'shares an id', /every job is settled/],
  ['2', 'doubles', /each of them as one intent|nothing left to claim/],
  ['2', 'hands out twice', /none is handed out twice/],
  ['2', 'hands out twice, and says that leases are short', /none is handed out twice/],
  ['2', 'accepts twice', /none is accepted twice/],
  ['2', 'forgets what was settled', /none is handed out twice|the bus itself says/],
  ['2', 'leaves what was settled claimed', /the bus itself says/],
  ['2', 'alters', /the payload that it was published with/],
  ['2', 'rejects', /every job is published/],
]

test.each(LIES)('phase %s fails a bus that %s', async (name, lie, seenBy) => {
  const checks = await PHASES[name](await LyingBus.start(lie))
  const failed = checks.filter(({ ok }) => ok === false).map(({ what }) => what)
  expect(failed.some(what => seenBy.test(what))).toBe(true)
  expect(phaseOf(name, '', checks, false).verdict).toBe('failed')
})

test('an empty claim is no proof of death: a bus that never kills answers 204 twice, and each time it is asked why', async () => {
  const checks = await PHASES['1B'](await LyingBus.start('never kills'))
  const saw = Object.fromEntries(checks.map(({ what, saw }) => [what, saw]))
  expect(saw['after one failure it is in backoff, not dead']).toMatch(/^204, because it is open, in backoff/)
  expect(saw['after two failures it is dead: that is why there is nothing to claim']).toMatch(
    /^204, because it is open, in backoff/,
  )
  expect(saw['it is not handed out a third time, even when a backoff would be over']).toBe(
    'handed out, as attempt 3',
  )
})

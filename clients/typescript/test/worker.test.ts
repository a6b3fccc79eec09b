import { hostname } from 'node:os'
import { busForFile, MASTER } from '@intent-bus/service/test/support/bus'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  BusError,
  eventLine,
  type Handler,
  IntentBus,
  type Job,
  LeaseLostError,
  UnexpectedAnswerError,
  type WorkerEvent,
  type WorkerOptions,
} from '../src/index.ts'
import { Reporter } from '../src/worker/reporter.ts'
import { Gate, type Mishap } from './support/gate.ts'
import { ManualClock } from './support/manual-clock.ts'

const bus = await busForFile()
const client = new IntentBus({ url: bus.url, key: MASTER })

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
})

type Setting = WorkerOptions & { clock?: ManualClock; url?: string; key?: string; sign?: boolean }

/** A worker on the goal `work`, and all that it tells. */
function working(
  handler: Handler<never>,
  { clock, url = bus.url, key = MASTER, sign, ...options }: Setting = {},
) {
  const events: WorkerEvent[] = []
  const own = new IntentBus({ url, key, sign, clock })
  const worker = own.worker('work', handler as Handler, {
    handleSignals: false,
    hooks: { onEvent: event => events.push(event) },
    ...options,
  })
  onTestFinished(() => worker.stop().catch(() => undefined))
  return { worker, events, names: () => events.map(({ name }) => name) }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise(setImmediate)
}

const ended = async (id: string) =>
  until(async () => ['fulfilled', 'dead'].includes((await client.status(id)).status))

/** A clock that runs a hundred times as fast. */
function hurried<C extends ManualClock>(clock: C = new ManualClock() as C): C {
  const ticking = setInterval(() => clock.advance(200), 2)
  onTestFinished(() => clearInterval(ticking))
  return clock
}

/** That of a Pi: it is in 1970 until NTP has set it. The bus of these tests has the right time then. */
class SetClock extends ManualClock {
  isSet = false

  override wall(): number {
    return this.isSet ? bus.clock.now() + bus.wallAheadMs : 0
  }
}

/** A promise that is kept from outside. */
function promised<T = void>() {
  let keep!: (value: T) => void
  const promise = new Promise<T>(resolve => {
    keep = resolve
  })
  return { promise, keep }
}

test('a worker that is given no name has that of its host, as the command has', async () => {
  const worker = client.worker('named', () => null)
  const named = client.worker('named', () => null, { workerId: 'barn' })
  await Promise.all([worker.stop(), named.stop()])
  expect([worker.workerId, named.workerId]).toEqual([hostname().replace(/[^A-Za-z0-9_.:-]/g, '-'), 'barn'])
})

test('what the handler returns is the result', async () => {
  const jobs: Job[] = []
  working((job: Job<number>) => {
    jobs.push(job)
    return { doubled: job.payload * 2 }
  })
  const { id } = await client.publish('work', 21)
  await ended(id)
  expect((await client.result(id)).result).toEqual({ doubled: 42 })
  expect(jobs[0]).toMatchObject({ id, goal: 'work', payload: 21, claimAttempts: 1 })
  expect(jobs[0]).not.toHaveProperty('claimToken')
})

test('what it throws is a failed attempt, with the message as the error', async () => {
  working(() => {
    throw new Error('no such file')
  })
  const { id } = await client.publish('work', 1, { maxAttempts: 1 })
  await ended(id)
  expect(await client.status(id)).toMatchObject({ status: 'dead', lastError: 'no such file' })
})

test.each([
  ['a result that is no JSON', () => 10n, /BigInt/],
  ['a result that is too large', () => 'x'.repeat(70_000), /result/],
  ['nothing that could be thrown on', () => Promise.reject(undefined), /unknown/],
  ['a text that is thrown', () => Promise.reject('as it is'), /^as it is$/],
  ['a number that JSON does not have', () => Promise.reject(10n), /^10$/],
  ['an error that the bus could not keep', () => Promise.reject(new Error('a\0b\ud83d')), /^a\ufffdb\ufffd$/],
  ['an error of 20 MB', () => Promise.reject(new Error('x'.repeat(20e6))), /^x{500}$/],
  ['an error that cannot be looked at', () => Promise.reject(new Proxy({}, { get: fault })), /^unknown$/],
])('%s is a failed attempt too', async (_what, handler, message) => {
  working(handler)
  const { id } = await client.publish('work', 1, { maxAttempts: 1 })
  await ended(id)
  expect((await client.status(id)).lastError).toMatch(message)
})

function fault(): never {
  throw new Error('not to be looked at')
}

/** Twenty at once, whose reports are all sent together but for the first. */
async function twenty(resultOf: (job: Job<number>) => unknown) {
  const gate = await Gate.before(bus.url)
  const payloads = Array.from({ length: 20 }, (_, i) => i)
  const published = await client.publishMany(
    payloads.map(payload => ({ goal: 'work', payload, maxAttempts: 1 })),
  )
  const release = promised()
  const handler = (job: Job<number>) => release.promise.then(() => resultOf(job))
  const { worker } = working(handler, { concurrency: 20, url: gate.url })
  await until(() => worker.running === 20)
  return { gate, published, release, worker }
}

test('a batch that a proxy finds too large is handed in in parts', async () => {
  const { gate, published, release, worker } = await twenty(job => job.payload)
  const stopped = worker.stop()
  gate.mishaps.push('passes', { status: 413, body: '<html>413 Request Entity Too Large</html>' })
  release.keep()
  await stopped
  expect(await Promise.all(published.map(async ({ id }) => (await client.result(id)).result))).toEqual(
    published.map((_, i) => i),
  )
})

test('a result that cannot be written a second time is nobody else’s loss', async () => {
  let written = 0
  const once = { toJSON: () => (written++ < 2 ? 'once' : fault()) }
  const { published, release } = await twenty(job => (job.payload === 7 ? once : job.payload))
  release.keep()
  const others = published.filter((_, i) => i !== 7)
  await Promise.all(others.map(({ id }) => ended(id)))
  expect(await Promise.all(others.map(async ({ id }) => (await client.status(id)).status))).toEqual(
    others.map(() => 'fulfilled'),
  )
})

test('it does so many at once and claims no more than it has room for', async () => {
  const gate = await Gate.before(bus.url)
  await client.publishMany(Array.from({ length: 7 }, (_, i) => ({ goal: 'work', payload: i })))
  const release = promised()
  let most = 0
  const { worker } = working(
    async () => {
      most = Math.max(most, worker.running)
      await release.promise
    },
    { concurrency: 5, url: gate.url },
  )
  await until(() => worker.running === 5)
  expect(gate.lines('/claim')).toEqual([expect.stringContaining('max=5')])
  expect(gate.lines('/claim')[0]).toContain('wait=30')
  release.keep()
  await until(
    async () => (await bus.metric('intent_bus_intents{state="fulfilled"}')) === 7 || worker.running === 0,
  )
  expect(most).toBe(5)
})

test('what ends while a report is under way is settled together', async () => {
  const gate = await Gate.before(bus.url)
  const published = await client.publishMany(
    Array.from({ length: 20 }, (_, i) => ({ goal: 'work', payload: i })),
  )
  const release = promised()
  const { worker } = working(() => release.promise, { concurrency: 20, url: gate.url })
  await until(() => worker.running === 20)
  release.keep()
  await Promise.all(published.map(({ id }) => ended(id)))
  const reports = gate.seen
    .filter(({ line }) => line === 'POST /fulfill')
    .map(({ body }) => JSON.parse(body).items.length)
  expect(reports).toEqual([1, 19])
})

test('follow-ups of a job are published once, however often the job is done', async () => {
  let runs = 0
  working(
    async (job: Job) => {
      await job.publish('next', { step: 1 })
      await job.publish('next', { step: 1 })
      await job.publish('next', { step: 2 }, { priority: 5 })
      runs += 1
      if (runs === 1) throw new Error('after it has published')
    },
    { concurrency: 1 },
  )
  const { id } = await client.publish('work', 1, { backoffBase: 1 })
  await until(() => runs === 1)
  await until(async () => (await client.status(id)).status === 'open')
  await bus.clock.advance(10_000)
  await ended(id)
  expect(runs).toBe(2)
  const next = await client.claimMany({ goal: 'next' })
  expect(next.map(({ payload }) => payload)).toEqual([{ step: 1 }, { step: 1 }, { step: 2 }])
})

test('progress shows in the status', async () => {
  const seen = promised()
  const release = promised()
  working(async (job: Job) => {
    await job.progress(40, 'resizing')
    seen.keep()
    await release.promise
  })
  const { id } = await client.publish('work', 1)
  await seen.promise
  expect(await client.status(id)).toMatchObject({ progress: 40, progressMessage: 'resizing' })
  release.keep()
})

describe('leases', () => {
  test('are extended at each third, for as long as the handler runs', async () => {
    const clock = new ManualClock()
    const release = promised()
    const { worker } = working(() => release.promise, { clock, lease: 30 })
    const { id } = await client.publish('work', 1)
    await until(() => worker.running === 1)
    const { claimExpiresAt } = await client.status(id)
    for (let third = 1; third <= 5; third++) {
      await bus.clock.advance(10_000)
      clock.advance(10_000)
      await until(async () => (await client.status(id)).claimExpiresAt === claimExpiresAt! + third * 10)
    }
    release.keep()
    await ended(id)
    expect(await client.status(id)).toMatchObject({ status: 'fulfilled', claimAttempts: 1 })
  })

  test('are extended however many there are', async () => {
    const clock = new ManualClock()
    const release = promised()
    for (const length of [600, 600]) {
      await client.publishMany(Array.from({ length }, (_, i) => ({ goal: 'work', payload: i })))
    }
    const gate = await Gate.before(bus.url)
    const { worker, names } = working(() => release.promise, {
      clock,
      lease: 30,
      concurrency: 1200,
      url: gate.url,
    })
    await until(() => worker.running === 1200)
    clock.advance(10_000)
    const extensions = () => gate.seen.filter(({ line }) => line === 'POST /extend_claim')
    await until(() => extensions().length === 2 || names().includes('worker.retrying'))
    expect(extensions().map(({ body }) => JSON.parse(body).items.length)).toEqual([1000, 200])
    await bus.clock.advance(25_000)
    clock.advance(10_000)
    await until(() => extensions().length === 4 || names().includes('worker.retrying'))
    expect(names()).not.toContain('intent.lease_lost')
    release.keep()
  })

  test('that were lost fire the signal, and nothing is reported', async () => {
    const clock = new ManualClock()
    const lost = promised<unknown>()
    const { names } = working(
      (job: Job) =>
        new Promise(resolve => {
          job.signal.addEventListener('abort', () => {
            lost.keep(job.signal.reason)
            resolve('too late')
          })
        }),
      { clock, lease: 30 },
    )
    const { id } = await client.publish('work', 1)
    await until(() => names().includes('intent.started'))
    await bus.admin.post(`/admin/intents/${id}/cancel`)
    clock.advance(10_000)
    expect(await lost.promise).toBeInstanceOf(LeaseLostError)
    expect(names()).toContain('intent.lease_lost')
    expect(names()).not.toContain('intent.fulfilled')
    expect(await client.status(id)).toMatchObject({ status: 'dead', lastError: 'Cancelled by admin' })
  })

  test('that could not be extended in time are lost by the worker’s own clock', async () => {
    const clock = new ManualClock()
    const gate = await Gate.before(bus.url)
    const lost = promised<LeaseLostError>()
    const { names } = working(
      (job: Job) =>
        new Promise(resolve =>
          job.signal.addEventListener('abort', () => resolve(lost.keep(job.signal.reason))),
        ),
      { clock, lease: 30, url: gate.url },
    )
    await client.publish('work', 1)
    await until(() => names().includes('intent.started'))
    gate.mishaps.push('refused', 'refused', 'refused', 'refused', 'refused', 'refused', 'refused')
    clock.advance(10_000)
    await until(() => names().includes('worker.retrying'))
    clock.advance(20_000)
    expect((await lost.promise).message).toBe('The lease has run out before it could be extended.')
  })
})

describe('stopping', () => {
  test('calls off the poll of an idle worker', async () => {
    const { worker, names } = working(() => 1)
    await until(() => bus.broker.waiting === 1)
    await worker.stop()
    await until(() => bus.broker.waiting === 0)
    expect(names()).toEqual(['worker.started', 'worker.draining', 'worker.stopped'])
  })

  test('lets what has begun come to its end, and claims no more', async () => {
    const release = promised()
    const { worker, names } = working(() => release.promise.then(() => 'done'))
    const { id } = await client.publish('work', 1)
    const { id: later } = await client.publish('work', 2)
    await until(() => worker.running === 1)
    const stopped = worker.stop()
    expect(
      await Promise.race([stopped.then(() => 'stopped'), new Promise(r => setTimeout(r, 50, 'draining'))]),
    ).toBe('draining')
    release.keep()
    await stopped
    expect((await client.result(id)).result).toBe('done')
    expect((await client.status(later)).status).toBe('open')
    expect(names().slice(-2)).toEqual(['intent.fulfilled', 'worker.stopped'])
  })

  test('is also done by a signal from outside', async () => {
    const stop = new AbortController()
    const { worker } = working(() => 1, { signal: stop.signal })
    await until(() => bus.broker.waiting === 1)
    stop.abort()
    await worker.done
  })
})

test('SIGTERM stops all workers of a process, by one listener for however many there are', async () => {
  // Vitest has some of its own, which would end it.
  const others = process.listeners('SIGTERM')
  process.removeAllListeners('SIGTERM')
  onTestFinished(() => {
    for (const listener of others) process.on('SIGTERM', listener)
  })
  const workers = Array.from({ length: 12 }, () => working(() => 1, { handleSignals: true }).worker)
  expect(process.listenerCount('SIGTERM')).toBe(1)
  await until(() => bus.broker.waiting === 12)
  process.kill(process.pid, 'SIGTERM')
  await Promise.all(workers.map(({ done }) => done))
  expect(process.listenerCount('SIGTERM')).toBe(0)
})

describe('trouble', () => {
  test('a bus that is away is waited for', async () => {
    const gate = await Gate.before(bus.url)
    gate.mishaps.push('refused', { status: 502, body: 'Bad Gateway' }, 'refused')
    const { names } = working(() => 'done', { clock: hurried(), url: gate.url })
    const { id } = await client.publish('work', 1)
    await ended(id)
    expect(names().filter(name => name === 'worker.retrying')).toHaveLength(3)
  })

  test('a bus that is back is told of at once, though there is no work and the next poll would take long', async () => {
    const gate = await Gate.before(bus.url)
    gate.mishaps.push('refused', 'refused')
    const { names } = working(() => 1, { clock: hurried(), url: gate.url, wait: 60 })
    await until(() => names().includes('worker.reconnected'))
    expect(names()).toEqual(['worker.started', 'worker.retrying', 'worker.retrying', 'worker.reconnected'])
    // Only that one poll was short.
    await until(() => bus.broker.waiting === 1)
    expect(gate.seen.map(({ line }) => /wait=\d+/.exec(line)?.[0])).toEqual([
      'wait=60',
      'wait=0',
      'wait=0',
      'wait=60',
    ])
  })

  const signIn = { status: 200, body: '<html>Accept our terms</html>' }

  test('the sign-in page of a network is waited out', async () => {
    const gate = await Gate.before(bus.url)
    const { names } = working(
      () => {
        // One for the report, and one for the claim after it.
        gate.mishaps.push(signIn, signIn)
        return 'done'
      },
      { clock: hurried(), url: gate.url },
    )
    const { id } = await client.publish('work', 1)
    await until(() => names().includes('worker.retrying'))
    await ended(id)
    await until(() => gate.mishaps.length === 0)
    expect((await client.result(id)).result).toBe('done')
  })

  test.each<[what: string, answer: Mishap]>([
    ['a page', signIn],
    ['a redirect', { status: 302, headers: { location: '/login' } }],
    ...[400, 401, 403, 404, 405, 413].map((status): [string, Mishap] => [
      `${status}`,
      { status, body: '<html>No</html>' },
    ]),
    ['an empty 204', { status: 204 }],
  ])('%s in the place of the bus is waited out from the very first claim on', async (_what, answer) => {
    const gate = await Gate.before(bus.url)
    gate.mishaps.push(answer, answer)
    const { names } = working(() => 'done', { clock: hurried(), url: gate.url })
    const { id } = await client.publish('work', 1)
    await ended(id)
    expect(names().slice(0, 3)).toEqual(['worker.started', 'worker.retrying', 'worker.reconnected'])
  })

  test.each([400, 401, 403, 404, 405])(
    'a report that is answered %i by a proxy is made again',
    async status => {
      const gate = await Gate.before(bus.url)
      const { names } = working(
        () => {
          gate.mishaps.push({ status, body: '<html>No</html>' })
          return 'done'
        },
        { clock: hurried(), url: gate.url },
      )
      const { id } = await client.publish('work', 1, { maxAttempts: 1 })
      await ended(id)
      expect(await client.result(id)).toMatchObject({ status: 'fulfilled', result: 'done' })
      expect(names()).not.toContain('intent.lease_lost')
    },
  )

  test('what answers in the place of the bus, or a wrong clock, is told of at once, and then once a minute', () => {
    const clock = new ManualClock()
    const told: unknown[] = []
    const hooks = { onEvent: ({ error }: WorkerEvent) => told.push(error) }
    const reporter = new Reporter(hooks, { url: 'http://x', goal: 'x', namespace: 'x', workerId: 'x' }, clock)
    const page = new UnexpectedAnswerError({ url: 'http://x', status: 200, answered: 'a page' })
    const stale = new BusError({ code: 'invalid_signature', message: 'Stale timestamp', status: 403 })
    for (let second = 0; second < 125; second++) {
      for (const error of [page, stale]) reporter.retrying('claim')(error, 1000)
      clock.advance(1000)
    }
    expect(told).toEqual([page, stale, page, stale, page, stale])
    reporter.tell('worker.reconnected')
    reporter.retrying('claim')(page, 1000)
    expect(told).toHaveLength(8)
  })

  test('a result that a proxy finds too large is a failed attempt with that reason, at once', async () => {
    const gate = await Gate.before(bus.url)
    const { names } = working(
      () => {
        gate.mishaps.push({ status: 413, body: '<html>413 Request Entity Too Large</html>' })
        return 'x'.repeat(1000)
      },
      { url: gate.url },
    )
    const { id } = await client.publish('work', 1, { maxAttempts: 1 })
    await ended(id)
    expect(await client.status(id)).toMatchObject({
      status: 'dead',
      lastError: expect.stringMatching(
        /^The result is too large for a proxy in front of the bus: it refuses a request of 11\d\d bytes\. .*413 Request/,
      ),
    })
    await until(() => names().includes('intent.failed'))
    expect(names()).not.toContain('worker.retrying')
  })

  test('a clock that is too far off for signatures is waited for, and told of', async () => {
    const clock = hurried(new SetClock())
    const { events, names } = working(() => 'done', { clock, sign: true })
    const { id } = await client.publish('work', 1, { maxAttempts: 1 })
    await until(() => names().includes('worker.retrying'))
    expect(events.find(({ name }) => name === 'worker.retrying')).toMatchObject({
      error: { code: 'invalid_signature', message: expect.stringContaining('Stale timestamp') },
    })
    clock.isSet = true
    await ended(id)
    expect((await client.result(id)).result).toBe('done')
  })

  test('nor is a result lost to a clock that jumped while the job ran', async () => {
    const clock = hurried(new SetClock())
    clock.isSet = true
    const { names } = working(
      () => {
        clock.isSet = false
        return 'done'
      },
      { clock, sign: true },
    )
    const { id } = await client.publish('work', 1, { maxAttempts: 1 })
    await until(() => names().includes('worker.retrying'))
    clock.isSet = true
    await ended(id)
    expect((await client.result(id)).result).toBe('done')
  })

  test('a key that cannot sign is a wrong key, and ends the worker', async () => {
    const { worker } = working(() => 1, { key: 'wrong', sign: true })
    await expect(worker.done).rejects.toMatchObject({ code: 'unauthorized' })
  })

  test('a result is handed in until it is answered', async () => {
    const gate = await Gate.before(bus.url)
    const { names } = working(
      () => {
        gate.mishaps.push('refused', 'answer lost', 'refused')
        return 'done'
      },
      { clock: hurried(), url: gate.url },
    )
    const { id } = await client.publish('work', 1)
    await until(() => names().includes('intent.fulfilled'))
    expect(await client.result(id)).toMatchObject({ result: 'done', claimAttempts: 1 })
  })

  test('a result that nobody takes is given up some time after its lease', async () => {
    const gate = await Gate.before(bus.url)
    const clock = new ManualClock()
    const { names, worker } = working(
      () => {
        gate.mishaps.push(...Array(50).fill('refused'))
      },
      { clock, lease: 10, url: gate.url },
    )
    await client.publish('work', 1)
    await until(() => names().includes('worker.retrying'))
    const stopped = worker.stop()
    while (!names().includes('worker.stopped')) {
      clock.advance(5000)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await stopped
    expect(names()).toContain('intent.lease_lost')
  })

  test('a wrong key ends it, and it says so', async () => {
    const events: WorkerEvent[] = []
    const stranger = new IntentBus({ url: bus.url, key: 'tk_wrong' })
    const worker = stranger.worker('work', () => 1, {
      handleSignals: false,
      hooks: { onEvent: e => events.push(e) },
    })
    await expect(worker.done).rejects.toMatchObject({ code: 'unauthorized' })
    expect(events.at(-1)).toMatchObject({
      name: 'worker.stopped',
      attributes: { 'error.type': 'unauthorized' },
    })
  })

  test('a concurrency that is none is refused at once', () => {
    expect(() => client.worker('work', () => 1, { concurrency: 0 })).toThrow(
      'a whole number from 1; it got 0',
    )
  })
})

describe('hooks', () => {
  test('are told of each step, with attributes as OpenTelemetry names them', async () => {
    const { events } = working(() => 1, { workerId: 'pi', namespace: 'home' })
    const { id } = await client.publish('work', 1, { namespace: 'home' })
    await until(() => events.some(({ name }) => name === 'intent.fulfilled'))
    const common = {
      'messaging.system': 'intent_bus',
      'messaging.destination.name': 'work',
      'messaging.consumer.group.name': 'home',
      'messaging.client.id': 'pi',
      'url.full': bus.url,
    }
    const one = { ...common, 'messaging.message.id': id, 'intent_bus.attempt': 1 }
    expect(events).toEqual([
      { name: 'worker.started', attributes: common },
      {
        name: 'intent.claimed',
        attributes: { ...common, 'messaging.operation.name': 'claim', 'messaging.batch.message_count': 1 },
      },
      { name: 'intent.started', attributes: { ...one, 'messaging.operation.name': 'process' } },
      {
        name: 'intent.fulfilled',
        attributes: {
          ...one,
          'messaging.operation.name': 'settle',
          'intent_bus.duration': expect.any(Number),
        },
      },
    ])
  })

  test('have a line for each step', async () => {
    const gate = await Gate.before(bus.url)
    gate.mishaps.push({ status: 502, body: 'Bad\nGateway' })
    const lines: string[] = []
    const clock = hurried()
    const onEvent = (event: WorkerEvent) => lines.push(eventLine(event))
    const handler = ({ payload }: { payload: unknown }) => {
      if (payload === 2) throw new Error('no\npaper')
    }
    const options = { clock, url: gate.url, workerId: 'pi', hooks: { onEvent } }
    const { worker } = working(handler as never, options)
    const one = await client.publish('work', 1)
    await until(() => lines.some(line => line.includes('is fulfilled')))
    const two = await client.publish('work', 2, { maxAttempts: 1 })
    await until(() => lines.some(line => line.includes('failed')))
    await worker.stop()
    const plain = lines.map(line => line.replace(/\d[\d.]* s\b/, 'N s'))
    expect(plain).toEqual([
      `work: waiting for work in the namespace default of ${gate.url}, as pi`,
      `work: no luck with the bus, again in N s: Something other than an Intent Bus answers at ${gate.url}: 502 "Bad Gateway"`,
      'work: the bus is back',
      'work: claimed 1',
      `work: ${one.id} begins, attempt 1`,
      `work: ${one.id} is fulfilled, after N s`,
      'work: claimed 1',
      `work: ${two.id} begins, attempt 1`,
      `work: ${two.id} failed: no paper`,
      'work: claims no more, and finishes what has begun',
      'work: has stopped',
    ])
  })

  test('may wrap the handler, and see what it throws', async () => {
    const seen: unknown[] = []
    working(
      () => {
        throw new Error('boom')
      },
      {
        hooks: {
          async around(attributes, run) {
            seen.push(attributes['messaging.operation.name'])
            try {
              return await run()
            } catch (error) {
              seen.push((error as Error).message)
              throw error
            }
          },
        },
      },
    )
    const { id } = await client.publish('work', 1, { maxAttempts: 1 })
    await ended(id)
    expect(seen).toEqual(['process', 'boom'])
  })

  test('that give nothing back do not have it done twice', async () => {
    let runs = 0
    const around = (_: unknown, run: () => Promise<unknown>) => void run()
    working(() => void runs++, { hooks: { around: around as never } })
    await ended((await client.publish('work', 1)).id)
    expect(runs).toBe(1)
  })

  test('that throw do not stop the work', async () => {
    working(() => 'done', {
      hooks: {
        onEvent() {
          throw new Error('meter is broken')
        },
      },
    })
    const { id } = await client.publish('work', 1)
    await ended(id)
  })
})

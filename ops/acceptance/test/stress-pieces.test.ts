/** The pieces of the harness that can be looked at by themselves. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accessTo } from '../stress/bus/access.ts'
import { faultsOf, type Job, newJob } from '../stress/history.ts'
import type { Cage } from '../stress/limits/cage.ts'
import { cgroup2 } from '../stress/limits/cgroup-2.ts'
import { checkHeld, openCage, readLimits } from '../stress/limits/limits.ts'
import { Counts } from '../stress/measure/counts.ts'
import { Histogram } from '../stress/measure/histogram.ts'
import type { LoadOutcome } from '../stress/phases/load.ts'
import { PROFILES, PUBLISHED } from '../stress/profiles.ts'
import { page } from '../stress/report/page.ts'
import { type LoadResult, loadResult, machine, type Result, ratiosOf } from '../stress/report/result.ts'
import { table } from '../stress/report/table.ts'

describe('the histogram', () => {
  const latencies = fc.array(fc.double({ min: 0.002, max: 1e6, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  })

  test('tells every percentile to within one percent, and the longest exactly', () => {
    fc.assert(
      fc.property(latencies, fc.constantFrom(0.5, 0.9, 0.99), (values, share) => {
        const histogram = new Histogram()
        for (const value of values) histogram.record(value)
        const exact = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)]!
        expect(Math.abs(histogram.percentile(share) / exact - 1)).toBeLessThan(0.01)
        expect(histogram.percentile(1)).toBe(Math.max(...values))
      }),
    )
  })

  test('of two halves says what one of the whole says', () => {
    fc.assert(
      fc.property(latencies, latencies, (some, others) => {
        const [first, second, whole] = [new Histogram(), new Histogram(), new Histogram()]
        for (const value of some) first.record(value)
        for (const value of others) second.record(value)
        for (const value of [...some, ...others]) whole.record(value)
        first.add(second)
        expect(first.summary()).toEqual(whole.summary())
        expect(first.buckets()).toEqual(whole.buckets())
      }),
    )
  })
})

describe('a history', () => {
  const claim = (given = {}) => ({
    ...{ id: 'a', token: 't1', attempt: 1, seconds: 60, intact: true, sentAt: 10, answeredAt: 15 },
    ...given,
  })
  const sound: Job = {
    ...newJob(0, 0),
    publishedAt: 5,
    ids: ['a'],
    claims: [claim()],
    accepted: [20],
    settledAt: 25,
  }
  const found = (given: Partial<Job>, over = true) =>
    Object.entries(faultsOf([{ ...sound, ...given }], over)).flatMap(([name, lines]) =>
      lines.length > 0 ? [name] : [],
    )

  test('that is sound has no faults', () => expect(found({})).toEqual([]))

  test('with a second claim after the first lease ran out is sound', () => {
    const late = claim({ token: 't2', attempt: 2, sentAt: 60_020, answeredAt: 60_030 })
    expect(found({ claims: [claim(), late], accepted: [60_040] })).toEqual([])
  })

  test('of a job whose only settle got no answer is sound when the bus has it', () => {
    expect(found({ accepted: [], unsure: [20], settledAt: 20, status: 'fulfilled' })).toEqual([])
  })

  test('of a run that was stopped may have jobs that are not settled', () => {
    expect(found({ accepted: [], settledAt: null }, false)).toEqual([])
  })

  test.each<[fault: string, given: Partial<Job>]>([
    ['lost', { claims: [], accepted: [], settledAt: null }],
    ['doubled', { ids: ['a', 'b'] }],
    ['doubled', { claims: [claim({ id: 'b' })] }],
    ['handedOutTwice', { claims: [claim(), claim({ token: 't2', sentAt: 16, answeredAt: 18 })] }],
    [
      'handedOutTwice',
      { claims: [claim(), claim({ sentAt: 90_000, answeredAt: 90_010 })], accepted: [90_020] },
    ],
    ['handedOutTwice', { claims: [claim(), claim({ token: 't2', sentAt: 70_000, answeredAt: 70_010 })] }],
    ['acceptedTwice', { accepted: [20, 22] }],
    ['altered', { claims: [claim({ intact: false })] }],
    ['denied', { status: 'open, due' }],
  ])('shows what was %s', (fault, given) => expect(found(given)).toEqual([fault]))
})

describe('the limits', () => {
  test('are cores and bytes', () => {
    expect(readLimits('cpu=0.1,memory=512M')).toEqual({ cpu: 0.1, memoryBytes: 512 * 2 ** 20 })
    expect(readLimits('memory=1GiB')).toEqual({ cpu: undefined, memoryBytes: 2 ** 30 })
  })

  test('that nothing here can keep name the way out', () => {
    const refusing = () => 'cgroup v2: it is not mounted'
    expect(() => openCage({ cpu: 1, memoryBytes: undefined }, 'x', [refusing])).toThrow(
      /cgroup v2: it is not mounted\n.*docker run --cpus 0.1 --memory 512m.*--target/s,
    )
  })

  test('that the kernel does not keep stop the run', () => {
    const asked = { cpu: 0.1, memoryBytes: 2 ** 29 }
    const cage = (held: object) => ({ by: 'a cage', limitsOf: () => held }) as unknown as Cage
    expect(() => checkHeld(cage(asked), 1, asked)).not.toThrow()
    expect(() => checkHeld(cage({ cpu: undefined, memoryBytes: 2 ** 29 }), 1, asked)).toThrow(
      /asked for 0.1 cores, 512 MiB, and holds the bus to 512 MiB: nothing was measured/,
    )
  })

  // The kernel's own files, of which cgroup v2 makes a group's by itself, are plain ones here.
  test('are written into a group of cgroup v2 where there is one, and the bus enters it before it begins', () => {
    const root = mkdtempSync(join(tmpdir(), 'cgroup2-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    writeFileSync(join(root, 'cgroup.controllers'), 'cpu io memory pids\n')
    writeFileSync(join(root, 'cgroup.subtree_control'), 'memory\n')
    const cage = cgroup2({ cpu: 0.1, memoryBytes: 2 ** 29 }, 'stress', [root]) as Cage
    expect(cage.by).toBe(`cgroup v2 (${root}/stress)`)
    expect(readFileSync(join(root, 'stress/cpu.max'), 'utf8')).toBe('10000 100000')
    expect(readFileSync(join(root, 'stress/memory.max'), 'utf8')).toBe(`${2 ** 29}`)
    expect(readFileSync(join(root, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu')
    expect(cage.wrap(['node', 'bus.js'])).toEqual([
      ...['/bin/sh', '-c'],
      `echo $$ > '${root}/stress/cgroup.procs' || exit 97; exec "$@"`,
      ...['sh', 'node', 'bus.js'],
    ])
  })

  test('are refused by a cgroup v2 without the controllers', () => {
    const root = mkdtempSync(join(tmpdir(), 'cgroup2-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    writeFileSync(join(root, 'cgroup.controllers'), 'io\n')
    expect(cgroup2({ cpu: 0.1, memoryBytes: 2 ** 29 }, 'stress', [root])).toBe(
      'cgroup v2: it has no controller for cpu and memory',
    )
  })
})

describe('the key', () => {
  test('of this directory goes to a bus of this machine, and nowhere else', () => {
    const here = mkdtempSync(join(tmpdir(), 'stress-key-'))
    onTestFinished(() => rmSync(here, { recursive: true, force: true }))
    mkdirSync(join(here, 'data'))
    writeFileSync(join(here, 'data/secrets.env'), 'BUS_SECRET=of-here\nBUS_ADMIN_SECRET=admin-of-here\n')
    const env = { BUS_DB_PATH: join(here, 'data/bus.db'), XDG_CONFIG_HOME: here }
    const local = accessTo('http://localhost:8080', undefined, false, env)
    expect(local).toMatchObject({ key: 'of-here', adminToken: 'admin-of-here' })
    expect(() => accessTo('https://bus.example.com', undefined, false, env)).toThrow(/There is no key/)
    const given = { ...env, BUS_API_KEY: 'given' }
    expect(accessTo('https://bus.example.com', undefined, false, given)).toMatchObject({ key: 'given' })
  })
})

describe('a report', () => {
  const latencies = (ms: number) => {
    const histogram = new Histogram()
    histogram.record(ms)
    return histogram
  }
  const outcome = (seconds: number): LoadOutcome => ({
    jobs: [{ ...newJob(0, 0), publishedAt: 100, settledAt: seconds * 1000, accepted: [1] }],
    counts: Object.assign(new Counts(), {
      networkErrors: 1,
      errorTimes: [500],
      kinds: { 'claim lost (<b>)': 1 },
    }),
    latencies: {
      publish: latencies(1 * seconds),
      claim: latencies(2 * seconds),
      settle: latencies(3 * seconds),
      'end to end': latencies(1000 * seconds),
    },
    startedAt: 0,
    endedAt: seconds * 1000,
    interrupted: false,
    strangers: [],
    leftOver: null,
    busyShare: 0.9,
    gaveUp: null,
  })
  const resultOf = (load: LoadResult | null): Result => ({
    format: 'intent-bus stress 1',
    startedAt: '2026-11-24T12:00:00.000Z',
    passed: false,
    interrupted: false,
    command: 'npm run stress -- --note <script>',
    profile: PROFILES.low,
    options: {
      ...{ batch: 1, waitSeconds: 0, ratePerSecond: 5, payloadBytes: 1000, workMs: 0 },
      ...{ timeoutSeconds: 30, signed: false },
    },
    machine: machine('<script>alert(1)</script>'),
    ceiling: { jobsPerSecond: 1 },
    buses: [
      {
        url: 'http://bus',
        startedHere: false,
        version: '<i>',
        phases: [
          {
            name: '2',
            title: 'load',
            verdict: 'failed',
            checks: [{ what: 'kept', ok: false, saw: '<u>\u001b[2J' }],
          },
        ],
        load,
        process: null,
        left: 'nothing',
      },
    ],
    ratios: ratiosOf([outcome(2), outcome(4)], [outcome(1), outcome(1)]),
    published: PUBLISHED,
  })

  test('shows what a bus said, and lets none of it act', () => {
    const result = resultOf(loadResult([outcome(2)], 1))
    expect(page(result)).not.toMatch(/<script|<u>|<i>(?!<)|<b>\)/)
    expect(page(result)).toContain('claim lost (&lt;b&gt;)')
    expect(table(result)).not.toContain('\u001b[2J')
  })

  test('says when the harness set the pace', () => {
    expect(table(resultOf(loadResult([outcome(1)], 1)))).toMatch(/the harness set the pace/)
  })

  test('of a run in which nothing was settled is there all the same', () => {
    const nothing = { ...outcome(1), jobs: [newJob(0, 0)], endedAt: 0, startedAt: 0 }
    for (const name of ['publish', 'claim', 'settle', 'end to end'] as const) {
      nothing.latencies[name] = new Histogram()
    }
    const result = resultOf(loadResult([nothing], 1))
    expect(result.buses[0]!.load).toMatchObject({ successPercent: 0, jobsPerSecond: 0 })
    expect(page(result)).not.toMatch(/NaN|Infinity/)
    expect(table(result)).not.toMatch(/NaN|Infinity/)
  })

  test('never rounds up to all of them', () => {
    const jobs = Array.from({ length: 100_000 }, (_, n) => ({
      ...newJob(n, 0),
      publishedAt: 1,
      settledAt: n === 0 ? null : 2,
    }))
    expect(loadResult([{ ...outcome(1), jobs }], 100_000)!.successPercent).toBe(99.99)
  })

  test('compares each turn with the same turn of the other', () => {
    expect(ratiosOf([outcome(2), outcome(4)], [outcome(1), outcome(1)])[0]).toEqual({
      what: 'jobs/s',
      median: 3,
      least: 2,
      most: 4,
    })
  })
})

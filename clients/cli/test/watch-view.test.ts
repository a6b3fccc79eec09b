import { stripVTControlCharacters } from 'node:util'
import type { Overview } from '@intent-bus/client/index'
import { describe, expect, test } from 'vitest'
import { drawing, lineFor, Readings } from '../src/terminal/watch-view.ts'

const totals = { published: 0, claimed: 0, fulfilled: 0, failed: 0, lapsed: 0, dead: 0 }
const overview = (fields: Partial<Overview> = {}): Overview => ({
  version: '1.2.3',
  now: 1000,
  startedAt: 0,
  uptimeSeconds: 1000,
  draining: false,
  maintenance: { on: false, by: null, since: null, note: '' },
  proxyUnknown: false,
  shortSecrets: [],
  intents: { open: 1_234_567, claimed: 12, fulfilled: 999, dead: 3 },
  deadLetters: 3,
  oldestReadyAgeSeconds: 90,
  waitingClaims: 4,
  queuedOperations: 0,
  issuedKeys: 2,
  namespaces: Array.from({ length: 50 }, (_, i) => ({
    namespace: `namespace-with-a-long-name-${i}`,
    open: 1,
    claimed: 0,
    fulfilled: 0,
    dead: 0,
  })),
  namespaceCount: 70,
  goals: Array.from({ length: 50 }, (_, i) => ({
    namespace: 'default',
    goal: `goal-with-a-long-name-${i}`,
    open: 1,
    claimed: 0,
  })),
  totals,
  ...fields,
})

function readings(...all: Overview[]): Readings {
  const read = new Readings()
  for (const each of all) read.add(each)
  return read
}

const drawn = (read: Readings, columns: number, rows: number) =>
  drawing(read, 'https://bus.example.com', { columns, rows }).map(stripVTControlCharacters)

describe('the drawing', () => {
  test.each([
    ['a phone', 40, 40],
    ['a terminal', 80, 24],
    ['a wide screen', 200, 60],
  ])('fits %s', (_what, columns, rows) => {
    const lines = drawn(readings(overview(), overview({ now: 1002 })), columns, rows)
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(columns)
    expect(lines.length).toBeLessThanOrEqual(rows)
    expect(lines.join('\n')).toContain('1,234,567')
    expect(lines.join('\n')).toMatch(/… and \d+ more/)
  })

  test('shows rates between two looks, by the time of the bus', () => {
    const now = overview({ now: 1004, totals: { ...totals, published: 40, fulfilled: 6 } })
    const text = drawn(readings(overview(), now), 100, 30).join('\n')
    expect(text).toContain('published 10/s')
    expect(text).toContain('fulfilled 1.5/s')
  })

  test('shows no rate across a restart', () => {
    const text = drawn(readings(overview(), overview({ startedAt: 1003, now: 1004 })), 100, 30).join('\n')
    expect(text).toContain('published –')
  })

  test('keeps what it knows, and says so, when the bus does not answer', () => {
    const read = readings(overview())
    read.miss(new Error('cannot be reached'))
    expect(drawn(read, 100, 30).slice(0, 5).join('\n')).toMatch(/cannot be reached[\s\S]*open/)
  })
})

describe('what there is to do', () => {
  const goals = [
    { namespace: 'default', goal: 'resize', open: 7, claimed: 2 },
    { namespace: 'mail', goal: 'send', open: 1, claimed: 0 },
  ]
  const [one, two] = ['default', 'mail'].map(namespace => ({
    namespace,
    open: 1,
    claimed: 0,
    fulfilled: 0,
    dead: 0,
  }))

  test('is by goal where there is one namespace', () => {
    const [first] = goals
    const read = readings(overview({ namespaces: [one!], namespaceCount: 1, goals: [first!] }))
    const text = drawn(read, 80, 24).join('\n')
    expect(text).toMatch(/^goal +open +claimed\nresize +7 +2$/m)
    expect(text).not.toContain('namespace')
  })

  test('is by namespace and by goal where there are several', () => {
    const read = readings(overview({ namespaces: [one!, two!], namespaceCount: 2, goals }))
    const text = drawn(read, 80, 24).join('\n')
    expect(text).toMatch(
      /^namespace .*\ndefault .*\nmail .*\n\ngoal .*\nresize \(default\) +7 +2\nsend \(mail\) +1 +0$/m,
    )
  })
})

test('the line for logs has no control characters', () => {
  expect(lineFor(readings(overview()))).toBe('1234567 open, 12 claimed, 3 dead, 4 workers waiting')
})

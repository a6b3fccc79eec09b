import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { busForTest } from '../support/bus.ts'

test('GET /admin/overview of a new bus is zeros', async () => {
  const { admin, clock } = await busForTest()
  const { status, json } = await admin.get('/admin/overview')
  const now = clock.now() / 1000
  expect(status).toBe(200)
  expect(json).toEqual({
    version: '0.1.0-test',
    now,
    started_at: now,
    uptime_seconds: 0,
    draining: false,
    maintenance: { on: false, by: null, since: null, note: '' },
    proxy_unknown: false,
    short_secrets: [],
    intents: { open: 0, claimed: 0, fulfilled: 0, dead: 0 },
    dead_letters: 0,
    oldest_ready_age_seconds: null,
    waiting_claims: 0,
    queued_operations: 0,
    issued_keys: 0,
    namespaces: [],
    namespace_count: 0,
    goals: [],
    totals: { published: 0, claimed: 0, fulfilled: 0, failed: 0, lapsed: 0, dead: 0 },
  })
})

test('it names the secrets that are short enough to be guessed', async () => {
  const bus = await busForTest({ DASHBOARD_PASSWORD: 'eleven-char', BUS_METRICS_TOKEN: 'fifteen-charact' })
  const { json, text } = await bus.admin.get('/admin/overview')
  expect(json.short_secrets).toEqual(['DASHBOARD_PASSWORD', 'BUS_METRICS_TOKEN'])
  expect(text).not.toMatch(/eleven-char|fifteen-charact/)
})

test('it shows what is there now, by state and namespace, and what has happened since the start', async () => {
  const bus = await busForTest()
  const { admin, master, clock, broker } = bus
  bus.chance.always = 0
  await bus.issue()
  await master.fulfil(await master.claimed({ namespace: 'mail' }))
  await master.fail(await master.claimed({ namespace: 'mail', max_attempts: 1 }))
  await master.fail(await master.claimed({ namespace: 'mail', backoff_base: 3600 }))
  await master.claimed({ namespace: 'photos', max_attempts: 1 })
  await clock.advance(60_000)
  await master.claimed()
  await master.publish({ delay: 3600 })
  await master.publish()
  await clock.advance(2500)
  const waiting = master.claim('?namespace=elsewhere&wait=60')
  while (broker.waiting === 0) await setImmediate()

  const { json } = await admin.get('/admin/overview')
  expect(json).toMatchObject({
    now: clock.now() / 1000,
    uptime_seconds: 62.5,
    intents: { open: 3, claimed: 1, fulfilled: 1, dead: 2 },
    dead_letters: 2,
    oldest_ready_age_seconds: 2.5,
    waiting_claims: 1,
    issued_keys: 1,
    namespaces: [
      { namespace: 'default', open: 2, claimed: 1, fulfilled: 0, dead: 0 },
      { namespace: 'mail', open: 1, claimed: 0, fulfilled: 1, dead: 1 },
      { namespace: 'photos', open: 0, claimed: 0, fulfilled: 0, dead: 1 },
    ],
    namespace_count: 3,
    goals: [
      { namespace: 'default', goal: 'work', open: 2, claimed: 1 },
      { namespace: 'mail', goal: 'work', open: 1, claimed: 0 },
    ],
    totals: { published: 7, claimed: 5, fulfilled: 1, failed: 2, lapsed: 1, dead: 2 },
  })
  await clock.advance(60_000)
  await waiting
})

test('it shows the 50 busiest namespaces, and how many there are', async () => {
  const { admin, master } = await busForTest()
  const names = Array.from({ length: 51 }, (_, i) => `n${i}`)
  const twice = [...names, 'n50'].map(namespace => ({ goal: 'work', payload: 0, namespace }))
  await master.post('/intents', { intents: twice })
  const { json } = await admin.get('/admin/overview')
  expect(json.namespaces).toHaveLength(50)
  expect(json.namespaces[0]).toEqual({ namespace: 'n50', open: 2, claimed: 0, fulfilled: 0, dead: 0 })
  expect([json.namespace_count, json.intents.open]).toEqual([51, 52])
})

test('it shows the 50 goals with the most to do, the greatest first, whoever published them for whomever', async () => {
  const bus = await busForTest()
  const { admin, master } = bus
  const pi = await bus.issue()
  const goals = Array.from({ length: 60 }, (_, i) => `g${i}`)
  await master.post('/intents', { intents: goals.map(goal => ({ goal, payload: 0 })) })
  for (const fields of [
    { target_worker: 'shed' },
    { required_capability: 'camera' },
    { visibility: 'public' },
  ]) {
    await pi.publish({ goal: 'g55', ...fields })
  }
  await master.fulfil((await master.claim('?goal=g0'))!)
  await master.claim('?goal=g57')
  await master.publish({ goal: 'g57' })
  const { goals: shown } = (await admin.get('/admin/overview')).json
  expect(shown).toHaveLength(50)
  expect(shown.slice(0, 2)).toEqual([
    { namespace: 'default', goal: 'g55', open: 4, claimed: 0 },
    { namespace: 'default', goal: 'g57', open: 1, claimed: 1 },
  ])
  expect(shown.map(({ goal }: { goal: string }) => goal)).not.toContain('g0')
})

import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { busForTest, type TestBus } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const on = (bus: TestBus, fields: object = {}) =>
  bus.admin.post('/admin/maintenance', { on: true, ...fields })
const off = (bus: TestBus) => bus.admin.post('/admin/maintenance', { on: false })

test('it is switched on and off while the bus runs, and shut out is all but admins, health and metrics', async () => {
  const bus = await busForTest()
  const claim = await bus.master.claimed()
  const since = bus.clock.now() / 1000
  expect((await on(bus, { note: ' new disk ' })).json).toEqual({
    on: true,
    by: 'switch',
    since,
    note: 'new disk',
  })
  for (const answer of [
    await bus.master.post('/claim'),
    await bus.master.fulfil(claim),
    await bus.nobody.get('/openapi.json'),
  ]) {
    expect(refusal(answer)).toMatchObject({ status: 503, code: 'maintenance' })
    expect(answer.headers.get('retry-after')).toBe('30')
  }
  expect((await bus.admin.get('/admin/dead')).status).toBe(200)
  expect(await bus.metric('intent_bus_maintenance')).toBe(1)
  expect((await bus.nobody.get('/health/ready')).json).toEqual({
    ok: true,
    reasons: [],
    warnings: [],
    maintenance: true,
  })
  expect((await bus.admin.get('/admin/overview')).json.maintenance).toMatchObject({
    on: true,
    note: 'new disk',
  })

  expect((await off(bus)).json).toEqual({ on: false, by: null, since: null, note: '' })
  expect((await bus.master.fulfil(claim)).status).toBe(200)
  expect(await bus.metric('intent_bus_maintenance')).toBe(0)
  expect((await bus.nobody.get('/health/ready')).json.maintenance).toBe(false)
})

test('it outlives a restart, with its beginning and its note, and so does its end', async () => {
  const bus = await busForTest()
  const begun = (await on(bus, { note: 'new disk' })).json
  await bus.clock.advance(60_000)
  await bus.restart()
  expect((await bus.admin.get('/admin/maintenance')).json).toEqual(begun)
  expect(bus.log.filter(line => line.includes('in maintenance mode, by the switch'))).toHaveLength(1)
  expect((await bus.master.post('/claim')).status).toBe(503)
  expect((await on(bus, { note: 'newer disk' })).json).toEqual({ ...begun, note: 'newer disk' })
  await off(bus)
  await bus.restart()
  expect((await bus.master.post('/claim')).status).toBe(204)
})

test('whoever waits in a long poll is answered when it begins, and nothing is given out', async () => {
  const bus = await busForTest()
  const id = await bus.master.publish({ namespace: 'later', delay: 30 })
  const polls = [bus.master.post('/claim?namespace=later&wait=60'), bus.master.get(`/result/${id}?wait=60`)]
  while (bus.broker.waiting === 0) await setImmediate()
  await on(bus)
  const [claim, result] = await Promise.all(polls)
  expect([claim!.status, result!.json.status]).toEqual([204, 'open'])
  await bus.clock.advance(60_000)
  await off(bus)
  expect((await bus.master.claim('?namespace=later'))?.id).toBe(id)
})

test('each change is in the audit trail, a repeat is not', async () => {
  const bus = await busForTest()
  for (const turn of [on(bus, { note: 'a' }), on(bus, { note: 'a' }), on(bus, { note: 'b' })]) await turn
  await off(bus)
  await off(bus)
  const { entries } = (await bus.admin.get('/admin/audit')).json
  expect(entries.map(({ action, detail }: { action: string; detail: object }) => [action, detail])).toEqual([
    ['maintenance_on', { note: 'a' }],
    ['maintenance_on', { note: 'b' }],
    ['maintenance_off', {}],
  ])
})

describe('where the variable has it on', () => {
  test('the switch says that it does nothing', async () => {
    const bus = await busForTest({ BUS_MAINTENANCE_MODE: 'true' })
    for (const answer of [await on(bus), await off(bus)]) {
      expect(refusal(answer)).toMatchObject({
        status: 400,
        message: expect.stringContaining('BUS_MAINTENANCE_MODE'),
      })
    }
    const { json } = await bus.admin.get('/admin/maintenance')
    expect(json).toEqual({ on: true, by: 'variable', since: null, note: '' })
  })
})

test.each([{}, { on: null }, { on: 'yes' }, { on: 1 }, { on: true, note: 'x'.repeat(513) }])(
  '%j is 400, and changes nothing',
  async body => {
    const bus = await busForTest()
    expect(refusal(await bus.admin.post('/admin/maintenance', body))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
    expect((await bus.master.post('/claim')).status).toBe(204)
  },
)

import { expect, test, vi } from 'vitest'
import { StorageError } from '../../store/store.ts'
import { busForTest } from '../support/bus.ts'
import { refusal } from '../support/client.ts'
import { KeptPlace, pagesOf } from './damaged-pages.ts'

const LONG = 'x'.repeat(20_000)

test('a damaged page costs what is on it: the rest is served, and probes and metrics say so', async () => {
  const place = new KeptPlace()
  const bus = await busForTest({ BUS_MAX_PAYLOAD_BYTES: '65536' }, place)
  const done = await bus.master.claimed({ namespace: 'house' })
  await bus.master.fulfil(done, { result: LONG })
  const lost = await bus.master.publish({ namespace: 'barn', payload: LONG })
  const kept = await bus.master.publish({ namespace: 'barn' })
  expect((await bus.nobody.get('/health/ready')).json.warnings).toEqual([])
  await bus.stop()
  for (const page of pagesOf(place.path)) if (page.kind === 'overflow') place.damage(page)
  await bus.start()

  expect(refusal(await bus.master.get(`/result/${done.id}`))).toEqual({
    status: 503,
    code: 'store_damaged',
    message: expect.stringContaining('damaged part of the database'),
  })
  expect((await bus.master.claim('?namespace=barn'))?.id).toBe(kept)
  expect(await bus.master.claim('?namespace=barn')).toBeNull()
  expect((await bus.master.status(lost)).status).toBe('open')
  const { status, json } = await bus.nobody.get('/health/ready')
  expect([status, json.warnings]).toEqual([200, ['store_damaged']])
  expect(await bus.metric('intent_bus_store_damaged')).toBe(1)
  expect(await bus.metric('intent_bus_set_aside_intents')).toBe(2)
  const said = place.said.filter(line => line.includes('set aside')).join('\n')
  expect(said).toContain(done.id)
  expect(said).toContain(lost)

  // What can be read goes, and what was set aside stays.
  const purged = await bus.admin.post('/admin/purge', { confirm: true })
  expect([purged.status, purged.json]).toEqual([200, { ok: true, deleted: 1 }])
  expect((await bus.master.status(lost)).status).toBe('open')
  expect(await bus.metric('intent_bus_set_aside_intents')).toBe(2)
})

test('the writer in the thread that serves does the same', async () => {
  process.env['BUS_SQLITE_WRITER'] = 'inline'
  try {
    const place = new KeptPlace()
    const bus = await busForTest({ BUS_MAX_PAYLOAD_BYTES: '65536' }, place)
    const done = await bus.master.claimed()
    await bus.master.fulfil(done, { result: LONG })
    await bus.stop()
    for (const page of pagesOf(place.path)) if (page.kind === 'overflow') place.damage(page)
    await bus.start()
    expect(refusal(await bus.master.get(`/result/${done.id}`)).code).toBe('store_damaged')
    expect((await bus.nobody.get('/health/ready')).json.warnings).toEqual(['store_damaged'])
  } finally {
    delete process.env['BUS_SQLITE_WRITER']
  }
})

test('a purge is done though somebody waits for an intent that cannot be read any more', async () => {
  const bus = await busForTest()
  const waitedFor = await bus.master.publish()
  const looks = vi.spyOn(bus.store, 'intent')
  const poll = bus.master.get(`/result/${waitedFor}?wait=60`)
  // The second time it is sure that somebody listens.
  await vi.waitUntil(() => looks.mock.calls.length === 2)
  looks.mockRejectedValueOnce(new StorageError('damaged', 'a page was damaged meanwhile'))
  const purged = await bus.admin.post('/admin/purge', { confirm: true })
  expect([purged.status, purged.json]).toEqual([200, { ok: true, deleted: 1 }])
  expect((await poll).status).toBe(404)
})

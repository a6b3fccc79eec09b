import { busForFile, busForTest } from '@intent-bus/service/test/support/bus'
import { expect, test } from 'vitest'
import { userOf } from './support/run.ts'

const bus = await busForFile()
const user = userOf(bus.url)

const DAY = 86_400

test('keys create takes owner, note, end and limits, and list shows them', async () => {
  const made = await user.run([
    'keys',
    'create',
    '--owner',
    'pi',
    '--note',
    'in the barn',
    '--expires',
    '90d',
    '--rate',
    '500',
    '--open-limit',
    '7',
  ])
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^tk_\S+\n$/)])
  const [key] = await user.json('keys', 'list')
  const expires_at = bus.clock.now() / 1000 + 90 * DAY
  expect(key).toMatchObject({ owner: 'pi', note: 'in the barn', expires_at, rate_limit: 500, open_limit: 7 })
  const { out } = await user.run(['keys', 'list'])
  expect(out).toMatch(/never +in 90 d +rate 500, open 7 +pi \(in the barn\)$/m)
})

test('a time that is none, and a key without an owner, are refused with what they take', async () => {
  const time = await user.run(['keys', 'create', 'pi', '--expires', 'soon'])
  expect([time.code, time.err]).toEqual([2, expect.stringContaining('a time: 90d')])
  const nobody = await user.run(['keys', 'create'])
  expect([nobody.code, nobody.err]).toEqual([2, expect.stringContaining('whose is the key?')])
})

test('keys rotate prints a key that goes on where the old one ends', async () => {
  const old = (await user.run(['keys', 'create', 'pi'])).out.trim()
  const id = (await user.run(['publish', 'own', '1'], { env: { BUS_API_KEY: old } })).out.trim()
  const { out, err, code } = await user.run(['keys', 'rotate', '-', '--overlap', '1h'], { stdin: old })
  expect([code, err]).toEqual([0, expect.stringMatching(/^Key \d+ is good until .*; this is key \d+\.$/m)])
  const asHeir = { env: { BUS_API_KEY: out.trim() } }
  expect((await user.run(['status', id], asHeir)).code).toBe(0)
  const listed = (await user.run(['keys', 'list'])).out
  expect(listed).toMatch(/in 60 min, replaced by \d+/)
  await bus.clock.advance(3_600_000)
  const late = await user.run(['status', id], { env: { BUS_API_KEY: old } })
  expect([late.code, late.err]).toEqual([4, expect.stringContaining('keys rotate')])
  expect((await user.run(['status', id], asHeir)).code).toBe(0)
})

test('keys change changes what it names, and 0 takes it away', async () => {
  await user.run(['keys', 'create', 'pi', '--expires', '1h', '--rate', '5'])
  const [{ key_id }] = await user.json('keys', 'list')
  const { out } = await user.run(['keys', 'change', `${key_id}`, '--expires', '0', '--note', 'kept'])
  expect(out).toBe(`Changed key ${key_id}.\n`)
  expect((await user.json('keys', 'list'))[0]).toMatchObject({
    expires_at: null,
    note: 'kept',
    rate_limit: 5,
  })
  expect((await user.run(['keys', 'change', '999999', '--note', 'x'])).code).toBe(5)
})

test('audit shows what was done, by action and since a time, as a table or as JSON', async () => {
  const bus = await busForTest({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
  const user = userOf(bus.url)
  expect((await user.run(['audit'])).out).toBe('There is nothing.\n')
  await bus.issue('early')
  await bus.clock.advance(8 * DAY * 1000)
  await bus.issue('late')
  await bus.admin.post('/admin/purge', { confirm: true, namespace: 'scratch' })
  expect((await user.run(['audit'])).out).toMatch(
    /purged +scratch +admin token +127\.0\.0\.1 +\{"intents":0\}$/m,
  )
  const actions = async (...args: string[]) =>
    (await user.json('audit', ...args)).map(
      (each: { detail: { owner?: string } }) => each.detail.owner ?? 'purge',
    )
  expect(await actions()).toEqual(['early', 'late', 'purge'])
  expect(await actions('--since', '7d')).toEqual(['late', 'purge'])
  expect(await actions('--action', 'key_created', '--limit', '1')).toEqual(['late'])
  expect((await user.run(['audit', '--action', 'coup'])).code).toBe(2)
})

test('audit --follow goes on with what is done', async () => {
  const bus = await busForTest()
  const running = userOf(bus.url).start(['--json', 'audit', '--follow', '--action', 'key_created'])
  await bus.issue('first')
  while (!running.out().includes('first')) await new Promise(resolve => setTimeout(resolve, 20))
  await bus.issue('second')
  while (!running.out().includes('second')) await new Promise(resolve => setTimeout(resolve, 20))
  const lines = running.out().trim().split('\n')
  expect(lines.map(line => JSON.parse(line).detail.owner)).toEqual(['first', 'second'])
})

test('maintenance on, status and off', async () => {
  const bus = await busForTest()
  const user = userOf(bus.url)
  expect((await user.run(['maintenance', 'status'])).out).toBe('off\n')
  expect((await user.run(['maintenance', 'on', '--note', 'new disk'])).out).toMatch(
    /^on, since .*: new disk\n$/,
  )
  expect((await bus.master.post('/claim')).status).toBe(503)
  expect(await user.json('maintenance', 'status')).toMatchObject({ on: true, by: 'switch', note: 'new disk' })
  expect((await user.run(['doctor'])).out).toMatch(/! ready +the bus is in maintenance/)
  expect((await user.run(['maintenance', 'off'])).out).toBe('off\n')
  expect((await bus.master.post('/claim')).status).toBe(204)
})

test('maintenance that the variable has on cannot be switched off, and it says why', async () => {
  const bus = await busForTest({ BUS_MAINTENANCE_MODE: 'true' })
  const { code, err } = await userOf(bus.url).run(['maintenance', 'off'])
  expect([code, err]).toEqual([6, expect.stringContaining('BUS_MAINTENANCE_MODE')])
})

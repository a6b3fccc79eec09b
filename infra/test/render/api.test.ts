import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askRender, secondsToWait } from '../../render/api.ts'
import { KEY, StubRender } from './stub-render.ts'

let render: StubRender
beforeEach(async () => {
  render = await StubRender.start()
})
afterEach(() => render.stop())

const api = () => ({ url: render.url, key: KEY })
const LIST = { method: 'GET', path: '/services?name=a&ownerId=tea-1', purpose: 'look' } as const
const DISK = { name: 'd', sizeGB: 1, mountPath: '/d', serviceId: 'srv-1' }
const POST = { method: 'POST', path: '/disks', body: DISK, purpose: 'add a disk' } as const

describe('how long a refused request waits', () => {
  const NOW = Date.parse('2026-11-28T00:00:00Z')
  test.each([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': 'Sat, 28 Nov 2026 00:00:30 GMT' }, 30],
    [{ 'retry-after': 'Fri, 27 Nov 2026 00:00:30 GMT' }, 0],
    [{ 'retry-after': 'soon', 'ratelimit-reset': '12' }, 12],
    [{ 'ratelimit-reset': '45' }, 45],
    [{ 'ratelimit-reset': `${NOW / 1000 + 90}` }, 90],
    [{}, null],
  ])('after %o is %s', (headers, seconds) => {
    expect(secondsToWait(new Headers(headers as Record<string, string>), NOW)).toBe(seconds)
  })
})

test('after 429 any request is made again, when Render says so', async () => {
  render.refusals.set('add-disk', [{ status: 429, headers: { 'retry-after': '0' } }])
  const { status } = await askRender(api(), { ...POST, mayBeGone: true })
  expect(status).toBe(404)
  expect(render.names()).toEqual(['add-disk', 'add-disk'])
})

test('a wait of more than five minutes is an error that says how long', async () => {
  render.refusals.set('add-disk', [
    { status: 429, headers: { 'ratelimit-reset': '3000' }, message: 'slow down' },
  ])
  await expect(askRender(api(), POST)).rejects.toThrow(
    'Render refused to add a disk (429): slow down: too many requests. Try again in 3000 s.',
  )
})

test('after 5xx only what can be done twice is done again', async () => {
  render.refusals.set('list-services', [{ status: 503 }])
  await askRender(api(), LIST)
  expect(render.names()).toEqual(['list-services', 'list-services'])
  render.refusals.set('add-disk', [{ status: 500 }])
  await expect(askRender(api(), POST)).rejects.toThrow('Render refused to add a disk (500): refused')
  expect(render.names()).toEqual(['add-disk'])
})

test('without an answer, a request that may have been done says so', async () => {
  const nobody = api()
  await render.stop()
  await expect(askRender(nobody, POST)).rejects.toThrow(
    'Render did not answer when asked to add a disk: ECONNREFUSED. It may have been done',
  )
})

test('what is gone is an answer to who asks for it, and an error to others', async () => {
  const gone = { method: 'GET', path: '/services/srv-9', purpose: 'look at srv-9' } as const
  expect(await askRender(api(), { ...gone, mayBeGone: true })).toMatchObject({ status: 404 })
  await expect(askRender(api(), gone)).rejects.toThrow('Render refused to look at srv-9 (404): not found')
})

test('the stub refuses what is not in the description', async () => {
  for (const [method, path, body] of [
    ['POST', '/services', { type: 'web_service', name: 'a', ownerId: 'b' }],
    ['PATCH', '/services/srv-1', { plan: 'starter' }],
    ['POST', '/disks', { ...DISK, sizeGb: 1 }],
    ['GET', '/services?title=a', undefined],
    ['GET', '/nothing', undefined],
  ] as const) {
    const refused = askRender(api(), { method, path, body, purpose: 'err' })
    await expect(refused, `${method} ${path}`).rejects.toThrow('(400)')
  }
  expect(render.faults).toHaveLength(5)
})

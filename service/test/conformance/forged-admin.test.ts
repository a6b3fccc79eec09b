import { expect, test } from 'vitest'
import { ADMIN_TOKEN, basic, busForFile, PASSWORD } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

/** A browser sends Basic credentials it remembers along with whatever any page makes it send. */
const bus = await busForFile()
const browser = (headers: Record<string, string>) =>
  new Client(bus.url, { ...basic('admin', PASSWORD), ...headers })
const purge = '{"confirm":true,"x":"="}'

test.each([
  ['says so', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['says that it is a sister site', { 'sec-fetch-site': 'same-site' }],
  ['has another origin', { origin: 'https://evil.example' }],
  ['hides its origin', { origin: 'null' }],
])('a page of another site that %s may not administer', async (_what, headers) => {
  const id = await bus.master.publish()
  const page = browser({ ...headers, 'content-type': 'text/plain' })
  for (const path of [
    '/admin/purge',
    '/admin/generate_key',
    `/admin/intents/${id}/cancel`,
    '/admin/cleanup',
  ]) {
    expect(refusal(await page.post(path, purge))).toMatchObject({ status: 403, code: 'forbidden' })
  }
  expect(await bus.master.status(id)).toMatchObject({ status: 'open' })
})

test('a script with the same credentials may, and so may a page with the token in a header', async () => {
  expect((await browser({}).post('/admin/cleanup')).status).toBe(200)
  expect((await browser({ origin: bus.url }).post('/admin/cleanup')).status).toBe(200)
  const tool = new Client(bus.url, { 'x-admin-token': ADMIN_TOKEN, origin: 'https://tools.example' })
  expect((await tool.post('/admin/cleanup')).status).toBe(200)
})

test('reading is nothing a form could do harm with', async () => {
  expect((await browser({ origin: 'https://evil.example' }).get('/admin/dead')).status).toBe(200)
})

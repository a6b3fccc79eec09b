import { expect, test } from 'vitest'
import {
  ADMIN_TOKEN,
  busForFile,
  busForTest,
  MASTER,
  METRICS_TOKEN,
  PASSWORD,
  type TestBus,
} from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const bus = await busForFile()
const documentOf = async ({ nobody }: TestBus) => (await nobody.get('/openapi.json')).json

test('whoever asks gets the document, whatever credentials he has', async () => {
  for (const headers of [
    {},
    { 'x-api-key': 'wrong' },
    { 'x-signature': 'wrong' },
    { 'x-admin-token': 'wrong' },
  ]) {
    const answer = await bus.nobody.get('/openapi.json', headers)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ])
    expect(answer.json).toMatchObject({
      openapi: '3.1.1',
      info: { version: bus.version },
      servers: [{ url: '/' }],
    })
  }
})

test('it holds none of the secrets', async () => {
  const text = JSON.stringify(await documentOf(bus))
  for (const secret of [MASTER, ADMIN_TOKEN, PASSWORD, METRICS_TOKEN]) expect(text).not.toContain(secret)
})

test('it is not handed out over plain HTTP where HTTPS is enforced', async () => {
  const { nobody } = await busForTest({ BUS_ENFORCE_HTTPS: 'true', BUS_TRUST_PROXY: '1' })
  const from = { 'x-forwarded-for': '192.0.2.1' }
  const plain = await nobody.get('/openapi.json', { ...from, 'x-forwarded-proto': 'http' })
  expect(refusal(plain)).toMatchObject({ status: 403, code: 'https_required' })
  expect((await nobody.get('/openapi.json', { ...from, 'x-forwarded-proto': 'https' })).status).toBe(200)
})

test('it is not handed out in maintenance, and is while the bus drains', async () => {
  const closed = await busForTest({ BUS_MAINTENANCE_MODE: 'true' })
  expect(refusal(await closed.nobody.get('/openapi.json'))).toMatchObject({
    status: 503,
    code: 'maintenance',
  })
  const draining = await busForTest()
  draining.broker.beginDrain()
  expect((await draining.nobody.get('/openapi.json')).status).toBe(200)
})

test('it says what the settings of this bus make of its calls', async () => {
  const lax = await documentOf(
    await busForTest({ BUS_REQUIRE_CLAIM_TOKEN: 'false', BUS_LEASE_SECONDS: '90' }),
  )
  const strict = await documentOf(await busForTest({ BUS_REQUIRE_SIGNATURES: 'true' }))
  const { ExtendBody } = lax.components.schemas
  expect(ExtendBody.properties.seconds.default).toBe(90)
  expect(ExtendBody.required).toEqual([])
  expect(strict.components.schemas.ExtendBody.required).toEqual(['claim_token'])
  const signed = { apiKey: [], timestamp: [], nonce: [], signature: [] }
  expect(strict.paths['/claim'].post.security).toEqual([signed])
  expect(lax.paths['/claim'].post.security).toEqual([{ apiKey: [] }, signed])
})

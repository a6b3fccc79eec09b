import { describe, expect, test } from 'vitest'
import { Aes256Vault } from '../../secrets/vault.ts'
import {
  ADMIN_TOKEN,
  basic,
  busForFile,
  busForTest,
  MASTER,
  METRICS_TOKEN,
  PASSWORD,
} from '../support/bus.ts'
import { type Answer, Client, type Headings } from '../support/client.ts'

/** A secret, and how it would look in another dress. */
const shapes = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
]

const CONFIGURED = [MASTER, ADMIN_TOKEN, PASSWORD, METRICS_TOKEN, basic('admin', PASSWORD).authorization]

/** The secrets that can be read in this text, by their place in the list. */
function readable(secrets: string[], text: string): number[] {
  return secrets.flatMap((secret, i) => (shapes(secret).some(shape => text.includes(shape)) ? [i] : []))
}

describe('a stolen database', async () => {
  const bus = await busForFile()
  const [issued, revoked] = [await bus.issue('Ada'), await bus.issue('Bob')]
  await issued.signed('POST', '/intent', '{"goal":"work","payload":"kept"}', { timestamp: bus.seconds() })
  for (const who of [issued, revoked, bus.master]) await who.post('/set/lamp', { value: 'on' })
  await issued.post('/intent', { goal: 'work', payload: {} }, { 'idempotency-key': 'once' })
  await bus.admin.post('/admin/revoke_key', { api_key: revoked.key })

  test('holds no API key, master key or admin secret, while the bus runs', () => {
    const stolen = bus.bytesAtRest()
    expect(stolen).toContain('kept')
    expect(readable([issued.key, revoked.key, ...CONFIGURED], stolen)).toEqual([])
  })

  test('nor after the bus has been stopped and started', async () => {
    await bus.restart()
    const stolen = bus.bytesAtRest()
    expect(stolen).toContain('kept')
    expect(readable([issued.key, revoked.key, ...CONFIGURED], stolen)).toEqual([])
  })

  test('opens no key without the key that sealed it', async () => {
    const [record] = await bus.store.keys()
    expect(new Aes256Vault(Buffer.alloc(32, 7)).open(record!)).toBe(issued.key)
    expect(() => new Aes256Vault(Buffer.alloc(32, 8)).open(record!)).toThrow()
  })

  test('nor a claim token that was settled, from then on', async () => {
    const claims = []
    for (let i = 0; i < 20; i += 1) {
      claims.push(await bus.master.claimed({ namespace: `n${i}`, max_attempts: 1 }))
    }
    for (const [i, claim] of claims.entries())
      await (i % 2 ? bus.master.fulfil(claim) : bus.master.fail(claim))
    await bus.restart()
    const tokens = claims.map(claim => claim.claim_token)
    expect(readable(tokens, bus.bytesAtRest())).toEqual([])
  })
})

describe('what everybody sends everywhere', async () => {
  const bus = await busForFile({ BUS_AUTH_FAILURE_LIMIT: '1000000' })
  const [issued, revoked] = [await bus.issue('Ada'), await bus.issue('Bob')]
  await bus.admin.post('/admin/revoke_key', { api_key: revoked.key })
  const tokens = [await bus.master.claimed(), await issued.claimed()].map(claim => claim.claim_token)
  const guessed = 'tk_a-guess-that-may-be-right-elsewhere-0123456789'
  const secrets = [...CONFIGURED, issued.key, revoked.key, guessed, ...tokens]

  const answers: Answer[] = []
  for (const secret of secrets) answers.push(...(await sendEverywhere(secret)))
  const refused = answers.filter(({ status }) => status >= 400)

  async function sendEverywhere(secret: string): Promise<Answer[]> {
    const id = '0'.repeat(32)
    const asWhoever: Headings[] = [
      { 'x-api-key': secret },
      { 'x-admin-token': secret },
      { authorization: `Bearer ${secret}` },
      basic('admin', secret),
      basic(secret, 'x'),
    ]
    const got: Answer[] = []
    for (const headers of asWhoever) {
      const who = new Client(bus.url, headers)
      for (const path of ['/metrics', '/admin/dead', '/get/absent', '/no/such/thing']) {
        got.push(await who.get(path))
      }
      got.push(await who.post('/intent', '{'))
    }
    const query = encodeURIComponent(secret)
    for (const who of [bus.nobody, issued, bus.master]) {
      got.push(
        await who.post(`/claim?namespace=nobody&publisher=${query}`),
        await who.post(`/claim?namespace=nobody&publisher=${query.repeat(100)}`),
        await who.get(`/get/absent?key=${query}&x-api-key=${query}`),
        await who.get(`/status/${id}?token=${query}`),
        await who.post(`/fulfill/${id}`, { claim_token: secret }),
        await who.post(`/fail/${id}`, { claim_token: [secret] }),
        await who.post(`/extend_claim/${id}`, { claim_token: { of: secret } }),
        await who.post('/set/absent', { ttl: 1, claim_token: secret }),
        await who.post('/intent', `{"goal":"g","payload":${secret}}`),
        await who.get('/get/absent', { 'x-signature': secret, 'x-nonce': secret, 'x-timestamp': secret }),
      )
    }
    for (const api_key of [`${secret}x`, [secret], { is: secret }, secret.repeat(50)]) {
      got.push(await bus.admin.post('/admin/revoke_key', { api_key }))
    }
    return got
  }

  test('is refused in every way there is', () => {
    const statuses = new Set(refused.map(({ status }) => status))
    expect([...statuses].sort()).toEqual([400, 401, 403, 404])
  })

  test('stands in no error', () => {
    expect(refused.length).toBeGreaterThan(200)
    for (const { text } of refused) expect(readable(secrets, text)).toEqual([])
  })

  test('stands in no header of an answer', () => {
    const headers = answers.map(answer => JSON.stringify([...answer.headers]))
    expect(readable(secrets, headers.join('\n'))).toEqual([])
  })

  test('stands in no line of the log, at any level', async () => {
    await expect.poll(() => bus.log.length).toBeGreaterThanOrEqual(answers.length)
    expect(readable(secrets, bus.log.join('\n'))).toEqual([])
  })

  test('stands neither in the metrics nor in what admins see', async () => {
    const dead = await issued.claimed({ namespace: 'dying', max_attempts: 1 })
    await issued.fail(dead)
    const running = await issued.claimed({ namespace: 'running' })
    for (const path of [
      '/metrics',
      '/admin/dashboard',
      '/admin/dead',
      `/admin/dead/${dead.id}`,
      `/admin/intents/${dead.id}`,
      `/admin/intents/${running.id}`,
    ]) {
      const { status, text } = await bus.admin.get(path)
      expect(status).toBe(200)
      expect(readable([...secrets, dead.claim_token, running.claim_token], text)).toEqual([])
    }
    for (const verb of ['cancel', 'retry']) {
      const { text } = await bus.admin.post(`/admin/intents/${running.id}/${verb}`)
      expect(readable([...secrets, running.claim_token], text)).toEqual([])
    }
  })
})

test('an unexpected error is logged without the secrets of the request it befell', async () => {
  const broken = await busForTest()
  const issued = await broken.issue()
  const claim = await issued.claimed()
  broken.store.refuse = new Error('a bug of ours')
  await issued.fulfil(claim)
  await issued.post(`/claim?publisher=${issued.key}`)
  await broken.admin.post('/admin/revoke_key', { api_key: issued.key })
  await expect.poll(() => broken.log.join()).toContain('a bug of ours')
  expect(readable([issued.key, claim.claim_token, ADMIN_TOKEN], broken.log.join())).toEqual([])
})

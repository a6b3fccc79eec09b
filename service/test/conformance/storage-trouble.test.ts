import { beforeEach, describe, expect, test } from 'vitest'
import { StorageError } from '../../store/store.ts'
import { busForFile } from '../support/bus.ts'
import { type Answer, type Claim, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master, admin } = bus
const issued = await bus.issue()

const TROUBLES = [
  ['full', 'storage_full'],
  ['failed', 'storage_failed'],
] as const
const [FULL] = TROUBLES

beforeEach(async () => {
  bus.store.refuse = null
  bus.chance.always = 0
  await admin.post('/admin/purge', { confirm: true })
})

/** Takes no more writes until the test says so. */
function breakDisk(reason: 'full' | 'failed' = FULL[0]): void {
  bus.store.refuse = new StorageError(reason, 'no room')
}
const mendDisk = () => {
  bus.store.refuse = null
}

const signing = () => ({ timestamp: bus.seconds() })
const INTENT = { goal: 'work', payload: {} }

function expectUnavailable(answer: Answer, code: string): void {
  expect(refusal(answer)).toEqual({ status: 503, code, message: expect.any(String) })
  expect(answer.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/)
}

describe.each(TROUBLES)('a disk that is %s', (reason, code) => {
  test.each<[string, (claim: Claim) => Promise<Answer>]>([
    ['a publish', () => master.post('/intent', INTENT)],
    ['a publish by an issued key', () => issued.post('/intent', INTENT)],
    ['a signed publish', () => master.signed('POST', '/intent', JSON.stringify(INTENT), signing())],
    ['a claim', () => master.post('/claim')],
    ['a fulfil', claim => master.fulfil(claim)],
    ['a fail', claim => master.fail(claim)],
    ['an extension', claim => master.extend(claim, { seconds: 60 })],
    ['a set', () => master.post('/set/lamp', { value: 'on' })],
    ['a new key', () => admin.post('/admin/generate_key', { owner: 'Ada' })],
    ['a revocation', () => admin.post('/admin/revoke_key', { api_key: issued.key })],
    ['a purge', () => admin.post('/admin/purge', { confirm: true })],
    ['a cleanup', () => admin.post('/admin/cleanup')],
    ['a cancel', ({ id }) => admin.post(`/admin/intents/${id}/cancel`)],
    ['a retry', ({ id }) => admin.post(`/admin/intents/${id}/retry`)],
  ])(`answers %s with 503 ${code} and a wait`, async (_what, write) => {
    const claim = await master.claimed()
    breakDisk(reason)
    expectUnavailable(await write(claim), code)
  })

  test('still answers reads, signed ones too', async () => {
    const claim = await issued.claimed()
    await issued.post('/set/lamp', { value: 'on' })
    breakDisk(reason)
    for (const path of [`/status/${claim.id}`, `/result/${claim.id}`, '/get/lamp']) {
      expect((await issued.get(path)).status).toBe(200)
      expect((await issued.signed('GET', path, '', signing())).status).toBe(200)
    }
    expect((await issued.signed('GET', '/get/absent', '', signing())).status).toBe(404)
    for (const path of ['/admin/dead', '/admin/dashboard', `/admin/intents/${claim.id}`, '/metrics']) {
      expect((await admin.get(path)).status).toBe(200)
    }
    expect((await bus.nobody.get('/health')).status).toBe(200)
  })

  test('still says what is wrong with a request, signed or not', async () => {
    breakDisk(reason)
    expect(refusal(await master.post('/intent', '{')).code).toBe('invalid_request')
    expect(refusal(await master.signed('POST', '/intent', '{', signing())).code).toBe('invalid_request')
    expect(refusal(await master.signed('GET', '/no/such/thing', '', signing())).code).toBe('not_found')
  })

  test('recovers by itself', async () => {
    breakDisk(reason)
    expectUnavailable(await master.post('/intent', INTENT), code)
    mendDisk()
    expect((await master.post('/intent', INTENT)).status).toBe(201)
    expect((await master.post('/claim')).status).toBe(200)
  })
})

describe('what was refused for a full disk did not happen', () => {
  test('a publish: there is nothing to claim, and its idempotency key is free', async () => {
    const headers = { 'idempotency-key': 'once' }
    breakDisk()
    await master.post('/intent', INTENT, headers)
    mendDisk()
    expect(await master.claim()).toBeNull()
    const other = await master.post('/intent', { ...INTENT, payload: 'other' }, headers)
    expect(other.status).toBe(201)
    expect(await master.claim()).toMatchObject({ id: other.json.id })
    expect(await master.claim()).toBeNull()
  })

  test('a claim: the intent is open, and no attempt is lost', async () => {
    const id = await master.publish()
    breakDisk()
    await master.post('/claim')
    expect(await master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
    mendDisk()
    expect(await master.claim()).toMatchObject({ id, claim_attempts: 1 })
  })

  test('a fulfil: the lease goes on, and its token still fulfils', async () => {
    const claim = await master.claimed()
    breakDisk()
    await master.fulfil(claim, { result: 1 })
    expect((await master.get(`/result/${claim.id}`)).json).not.toHaveProperty('result')
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
    mendDisk()
    expect((await master.fulfil(claim, { result: 2 })).status).toBe(200)
    expect((await master.get(`/result/${claim.id}`)).json).toMatchObject({ status: 'fulfilled', result: 2 })
  })

  test('a fail: the lease goes on', async () => {
    const claim = await master.claimed({ max_attempts: 1 })
    breakDisk()
    await master.fail(claim, { error: 'it broke' })
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed', last_error: null })
    mendDisk()
    expect((await master.fulfil(claim)).status).toBe(200)
  })

  test('a set: the old value stands', async () => {
    await master.post('/set/lamp', { value: 'on' })
    breakDisk()
    await master.post('/set/lamp', { value: 'off' })
    expect((await master.get('/get/lamp')).json).toEqual({ value: 'on' })
  })

  test('a revocation: the key still opens the bus; when it is repeated it does not', async () => {
    const other = await bus.issue()
    const revoke = () => admin.post('/admin/revoke_key', { api_key: other.key })
    breakDisk()
    await revoke()
    expect((await other.get('/get/absent')).status).toBe(404)
    mendDisk()
    expect((await revoke()).json).toMatchObject({ ok: true, revoked: true })
    expect((await other.get('/get/absent')).status).toBe(401)
  })

  test('a purge: everything stays', async () => {
    const id = await master.publish()
    breakDisk()
    await admin.post('/admin/purge', { confirm: true })
    expect(await master.status(id)).toMatchObject({ status: 'open' })
  })

  test('a signed write: it may be sent again as it was signed', async () => {
    const signed = { ...signing(), nonce: 'kept-for-later' }
    const send = () => master.signed('POST', '/intent', JSON.stringify(INTENT), signed)
    breakDisk()
    expectUnavailable(await send(), 'storage_full')
    mendDisk()
    expect((await send()).status).toBe(201)
    expect(refusal(await send()).message).toBe('Replay detected')
  })

  test('of many at once, none', async () => {
    breakDisk()
    const answers = await Promise.all(Array.from({ length: 40 }, () => master.post('/intent', INTENT)))
    for (const answer of answers) expectUnavailable(answer, 'storage_full')
    mendDisk()
    expect(await master.claim()).toBeNull()
  })
})

test('a lease that ran out while the disk was full ends when there is room again', async () => {
  const claim = await master.claimed()
  breakDisk()
  await bus.clock.advance(120_000)
  expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
  mendDisk()
  await bus.clock.advance(1000)
  expect(await master.status(claim.id)).toMatchObject({
    status: 'open',
    last_error: 'Lease expired. Backing off.',
  })
})

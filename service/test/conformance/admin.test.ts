import { beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, busForFile, busForTest, MASTER, METRICS_TOKEN, PASSWORD } from '../support/bus.ts'
import { type Claim, refusal } from '../support/client.ts'

const bus = await busForFile()
const { admin, master } = bus
const NOWHERE = '0'.repeat(32)

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

async function dead(fields: object = {}): Promise<string> {
  const claim = await master.claimed({ ...fields, max_attempts: 1, namespace: 'died' })
  await master.fail(claim, { error: 'it broke' })
  return claim.id
}

async function fulfilled(): Promise<string> {
  const claim = await master.claimed()
  await master.fulfil(claim, { result: 1 })
  return claim.id
}

describe('generate_key', () => {
  test('answers 201 with a key that opens the bus at once, and after a restart', async () => {
    const bus = await busForTest()
    const answer = await bus.admin.post('/admin/generate_key', { owner: '  phone ü 🐛 ' })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({
      api_key: expect.stringMatching(/^tk_[A-Za-z0-9_-]{40,}$/),
      owner: 'phone ü 🐛',
    })
    const key = { 'x-api-key': answer.json.api_key }
    expect(await bus.nobody.publish({}, key)).toMatch(/^[0-9a-f]{32}$/)
    await bus.restart()
    expect(await bus.nobody.claim('', key)).toMatchObject({ goal: 'work' })
    expect((await bus.issue('phone ü 🐛')).key).not.toBe(answer.json.api_key)
  })

  test.each([
    [{ owner: '' }],
    [{ owner: '  ' }],
    [{ owner: true }],
    [{ owner: 'o'.repeat(129) }],
    [{ owner: 'a\0b' }],
    [{ owner: '\ud800' }],
  ])('takes an owner of 1 to 128 characters: %j is 400', async body => {
    expect(refusal(await admin.post('/admin/generate_key', body))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
    expect((await admin.post('/admin/generate_key', { owner: 'o'.repeat(128) })).status).toBe(201)
  })
})

describe('revoke_key', () => {
  test('shuts a key out at once and for good, and leaves what it published', async () => {
    const bus = await busForTest()
    const [alice, bob] = [await bus.issue(), await bus.issue()]
    const id = await alice.publish({ visibility: 'public' })
    expect((await bus.admin.post('/admin/revoke_key', { api_key: alice.key })).status).toBe(200)
    expect(refusal(await alice.get(`/status/${id}`))).toMatchObject({ status: 401, code: 'unauthorized' })
    await bus.restart()
    expect((await bus.nobody.get(`/status/${id}`, alice.headers)).status).toBe(401)
    expect(await bus.nobody.claim('', bob.headers)).toMatchObject({ id })
  })

  test('takes the key’s limits, idempotency keys and nonces along, and nobody else’s', async () => {
    const clients = [await bus.issue(), await bus.issue()]
    for (const client of clients) {
      await client.publish({}, { 'idempotency-key': 'once' })
      await client.signed('GET', '/get/k', '', { timestamp: bus.seconds() })
    }
    await admin.post('/admin/revoke_key', { api_key: clients[0]!.key })
    bus.clock.skip(86_400_000)
    const { json } = await admin.post('/admin/cleanup')
    expect(json).toMatchObject({ rate_limits_deleted: 1, idempotency_deleted: 1, nonces_deleted: 1 })
  })

  test('of a key that is not there is 200, twice as well as once, and so is the master key, which stays', async () => {
    const { key } = await bus.issue()
    for (const api_key of ['tk_unheard-of', key, key, MASTER]) {
      expect((await admin.post('/admin/revoke_key', { api_key })).status).toBe(200)
    }
    expect((await master.post('/claim')).status).toBe(204)
  })

  test.each([[{}], [{ api_key: null }], [{ api_key: '' }], [{ api_key: 5 }]])('of %j is 400', async body => {
    const answer = await admin.post('/admin/revoke_key', body)
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
  })
})

describe('purge', () => {
  test.each([
    [undefined],
    [{}],
    [{ confirm: false }],
    [{ confirm: 1 }],
    [{ confirm: 'true' }],
    [{ namespace: 'default' }],
  ])('of %j is 400 confirmation_required, and deletes nothing', async body => {
    const id = await master.publish()
    expect(refusal(await admin.post('/admin/purge', body))).toMatchObject({
      status: 400,
      code: 'confirmation_required',
    })
    expect(await master.status(id)).toMatchObject({ status: 'open' })
  })

  test.each(['', 'a b', true, ['default']])(
    'of the namespace %j is 400, and not a full purge',
    async namespace => {
      const id = await master.publish()
      const answer = await admin.post('/admin/purge', { confirm: true, namespace })
      expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_namespace' })
      expect(await master.status(id)).toMatchObject({ status: 'open' })
    },
  )

  test.each([{}, { namespace: null }])('without a namespace (%j) empties all but the keys', async fields => {
    const bus = await busForTest({ BUS_RATE_LIMIT: '5' })
    const key = await bus.issue()
    const signing = { timestamp: bus.seconds(), nonce: 'n1' }
    await key.post('/set/k', { value: 'v' })
    const first = await key.publish({ payload: 1 }, { 'idempotency-key': 'once' })
    expect((await key.signed('GET', '/get/k', '', signing)).status).toBe(200)
    expect(refusal(await key.signed('GET', '/get/k', '', signing)).message).toBe('Replay detected')
    await bus.admin.post(`/admin/intents/${first}/cancel`)
    const held = await bus.master.claimed()
    await key.get('/get/k')
    expect((await key.get('/get/k')).status).toBe(429)

    const answer = await bus.admin.post('/admin/purge', { confirm: true, ...fields })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ ok: true })
    expect((await key.signed('GET', '/get/k', '', signing)).status).toBe(404)
    expect(await key.publish({ payload: 2 }, { 'idempotency-key': 'once' })).not.toBe(first)
    expect((await bus.admin.get('/admin/dead')).json).toEqual([])
    expect((await bus.master.fulfil(held)).status).toBe(404)
    for (const id of [first, held.id]) expect((await bus.master.get(`/status/${id}`)).status).toBe(404)
  })

  test('of a namespace takes its intents and dead letters, in every state, and nothing else', async () => {
    const key = await bus.issue()
    await key.post('/set/k', { value: 'v' })
    const make = async (namespace: string) => {
      const held = await master.claimed({ namespace })
      const done = await master.claimed({ namespace })
      await master.fulfil(done)
      const cancelled = await master.publish({ namespace })
      await admin.post(`/admin/intents/${cancelled}/cancel`)
      const delayed = await master.publish({ namespace, delay: 60 })
      const open = await key.publish({ namespace, visibility: 'public' }, { 'idempotency-key': namespace })
      return { held, ids: [open, held.id, done.id, cancelled, delayed] }
    }
    const [gone, kept] = [await make('gone'), await make('kept')]
    // More than one step of the purge, two thirds of it to be left alone.
    for (let i = 0; i < 7; i += 1) {
      const hundred = Array.from({ length: 100 }, (_, n) => (n % 3 === 0 ? 'gone' : 'kept'))
      await Promise.all(hundred.map(namespace => master.publish({ namespace })))
    }

    expect((await admin.post('/admin/purge', { confirm: true, namespace: 'gone' })).status).toBe(200)
    for (const id of gone.ids) expect((await master.get(`/status/${id}`)).status).toBe(404)
    for (const id of kept.ids) expect((await master.get(`/status/${id}`)).status).toBe(200)
    expect((await master.fulfil(gone.held)).status).toBe(404)
    expect((await master.fulfil(kept.held)).status).toBe(200)
    expect(await master.claim('?namespace=gone')).toBeNull()
    expect(await master.claim('?namespace=kept')).toMatchObject({ id: kept.ids[0] })
    const letters = (await admin.get('/admin/dead')).json
    expect(letters).toMatchObject([{ intent_id: kept.ids[3] }])
    expect((await key.get('/get/k')).json).toEqual({ value: 'v' })
    for (const { namespace, again } of [
      { namespace: 'gone', again: false },
      { namespace: 'kept', again: true },
    ]) {
      const id = await key.publish({ namespace, visibility: 'public' }, { 'idempotency-key': namespace })
      expect([...gone.ids, ...kept.ids].includes(id)).toBe(again)
    }
  })
})

test('after a purge of a namespace nothing of what died there turns up in what is published later', async () => {
  const { admin, master } = await busForTest()
  const ids = []
  for (let i = 0; i < 3; i += 1) ids.push(await master.publish({ namespace: 'gone' }))
  for (const id of ids) await admin.post(`/admin/intents/${id}/cancel`)
  await admin.post('/admin/purge', { confirm: true, namespace: 'gone' })
  const later = [await master.publish(), await master.publish(), await master.publish()]
  expect((await admin.get('/admin/dead')).json).toEqual([])
  for (const id of later) expect((await admin.post(`/admin/intents/${id}/cancel`)).status).toBe(200)
  expect((await admin.get('/admin/dead')).json).toHaveLength(3)
})

test('GET /admin/intents/<id> shows all there is to an intent, its payload and result too', async () => {
  const alice = await bus.issue('alice')
  const id = await alice.publish({
    payload: { a: [1] },
    visibility: 'public',
    max_attempts: 7,
    backoff_base: 2.5,
  })
  const claim = await master.claim('', { 'x-worker-id': 'w1' })
  const created_at = bus.clock.now() / 1000
  const { status, json } = await admin.get(`/admin/intents/${id}`)
  expect(status).toBe(200)
  expect(json).toMatchObject({
    ...(await master.status(id)),
    payload: { a: [1] },
    publisher: expect.stringContaining('alice'),
    worker_id: 'w1',
    max_attempts: 7,
    backoff_base: 2.5,
    created_at,
    claimed_at: created_at,
    expires_at: created_at + 86_400,
  })
  expect(json).not.toHaveProperty('result')
  await master.fulfil(claim!, { result: { b: 2 } })
  expect((await admin.get(`/admin/intents/${id}`)).json).toMatchObject({
    status: 'fulfilled',
    result: { b: 2 },
    result_type: 'json',
  })
})

describe('cancel', () => {
  test.each([
    ['open', 0, () => master.publish()],
    ['delayed', 0, () => master.publish({ delay: 60 })],
    ['claimed', 1, async () => (await master.claimed()).id],
    ['fulfilled', 1, fulfilled],
  ])(
    'makes an intent that is %s dead for the reason "Cancelled by admin"',
    async (_state, attempts, make) => {
      const id = await make()
      const answer = await admin.post(`/admin/intents/${id}/cancel`)
      expect(answer.status).toBe(200)
      expect(answer.json).toEqual({ ok: true, id, status: 'dead' })
      expect(await master.status(id)).toMatchObject({
        status: 'dead',
        claim_attempts: attempts,
        claim_expires_at: null,
        completed_at: bus.clock.now() / 1000,
        last_error: 'Cancelled by admin',
      })
      expect((await admin.get('/admin/dead')).json).toMatchObject([
        { intent_id: id, attempts, reason: 'Cancelled by admin' },
      ])
      await bus.clock.advance(120_000)
      expect(await master.claim()).toBeNull()
    },
  )

  test('may be repeated, and of one that died otherwise it is 200 too; it stays one dead letter', async () => {
    const id = await dead()
    for (let again = 0; again < 2; again += 1) {
      const answer = await admin.post(`/admin/intents/${id}/cancel`)
      expect(answer.status).toBe(200)
      expect(answer.json).toEqual({ ok: true, id, status: 'dead' })
    }
    expect((await admin.get('/admin/dead')).json).toHaveLength(1)
  })

  test('takes the lease from its worker: whatever that sends later is 404', async () => {
    const claim = await master.claimed()
    await admin.post(`/admin/intents/${claim.id}/cancel`)
    for (const verb of ['extend', 'fail', 'fulfil'] as const) {
      expect(refusal(await master[verb](claim))).toMatchObject({ status: 404, code: 'not_found' })
    }
    expect(await master.status(claim.id)).toMatchObject({ status: 'dead', last_error: 'Cancelled by admin' })
  })
})

describe('retry', () => {
  test.each([
    ['dead', dead],
    ['fulfilled', fulfilled],
    ['cancelled', async () => (await admin.post(`/admin/intents/${await fulfilled()}/cancel`)).json.id],
  ])('opens an intent that is %s anew, due now, with all its attempts', async (_state, make) => {
    const id = await make()
    // Longer than an intent lives unclaimed, shorter than retention.
    bus.clock.skip(3 * 86_400_000)
    const answer = await admin.post(`/admin/intents/${id}/retry`)
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({ ok: true, id, status: 'open' })
    const status = await master.status(id)
    expect(status).toMatchObject({
      status: 'open',
      claim_attempts: 0,
      run_at: bus.clock.now() / 1000,
      completed_at: null,
      last_error: 'Retried by admin',
    })
    expect((await admin.get('/admin/dead')).json).toEqual([])
    expect((await admin.get(`/admin/dead/${id}`)).status).toBe(404)
    expect((await master.get(`/result/${id}`)).json).not.toHaveProperty('result')
    const claim = await master.claim(`?namespace=${status.namespace}`)
    expect(claim).toMatchObject({ id, claim_attempts: 1 })
    await master.fulfil(claim!)
    expect((await master.get(`/result/${id}`)).json).not.toHaveProperty('result')
  })

  test.each([
    ['open', () => master.publish()],
    ['delayed', () => master.publish({ delay: 60 })],
    ['claimed', async () => (await master.claimed()).id],
  ])('of an intent that is %s is 404, and changes nothing', async (_state, make) => {
    const id = await make()
    const before = await master.status(id)
    const answer = await admin.post(`/admin/intents/${id}/retry`)
    expect(refusal(answer)).toMatchObject({ status: 404, code: 'not_found' })
    expect(await master.status(id)).toEqual(before)
  })
})

describe('dead letters', () => {
  test('are listed with exactly these fields, and singly with payload, publisher and visibility', async () => {
    const alice = await bus.issue('alice')
    const id = await alice.publish({
      goal: 'g',
      namespace: 'n',
      payload: [1],
      visibility: 'public',
      max_attempts: 1,
    })
    await master.fail((await master.claim('?namespace=n'))!)
    const listed = {
      intent_id: id,
      namespace: 'n',
      goal: 'g',
      attempts: 1,
      reason: 'unknown',
      created_at: bus.clock.now() / 1000,
      last_error: 'unknown',
      cause: 'max_retries',
      worker_id: null,
    }
    expect((await admin.get('/admin/dead')).json).toEqual([listed])
    expect((await admin.get(`/admin/dead/${id}`)).json).toEqual({
      ...listed,
      payload: [1],
      publisher: expect.stringContaining('alice'),
      visibility: 'public',
    })
  })

  test('are listed newest death first, the 100 newest', async () => {
    const ids: string[] = []
    for (let i = 0; i < 101; i += 1) ids.push(await master.publish())
    for (const id of ids.toReversed()) await admin.post(`/admin/intents/${id}/cancel`)
    const listed = async () =>
      (await admin.get('/admin/dead')).json.map((letter: { intent_id: string }) => letter.intent_id)
    expect(await listed()).toEqual(ids.slice(0, 100))
    await admin.post(`/admin/intents/${ids[50]}/retry`)
    expect(await listed()).toEqual(ids.toSpliced(50, 1))
    await admin.post(`/admin/intents/${ids[50]}/cancel`)
    expect(await listed()).toEqual([ids[50], ...ids.toSpliced(50, 1).slice(0, 99)])
  })

  test('are not found for an intent that lives', async () => {
    const id = await master.publish()
    expect(refusal(await admin.get(`/admin/dead/${id}`))).toMatchObject({ status: 404, code: 'not_found' })
  })
})

test('an intent that does not exist is 404 on every admin route that takes an id', async () => {
  for (const id of [NOWHERE, 'nonsense', NOWHERE.replace('0', 'A')]) {
    for (const verb of ['cancel', 'retry']) {
      expect(refusal(await admin.post(`/admin/intents/${id}/${verb}`)).status).toBe(404)
    }
    for (const path of ['intents', 'dead']) {
      expect(refusal(await admin.get(`/admin/${path}/${id}`)).status).toBe(404)
    }
  }
})

test('no admin answer shows an API key, a claim token or another secret', async () => {
  const [alice, bob] = [await bus.issue('alice'), await bus.issue('bob')]
  const secrets = [alice.key, bob.key, MASTER, ADMIN_TOKEN, PASSWORD, METRICS_TOKEN]
  const shown: string[] = []
  const look = async (...ids: string[]) => {
    const paths = [
      'dashboard',
      'dead',
      'dead?limit=1',
      'keys',
      'overview',
      ...ids.flatMap(id => [`intents/${id}`, `dead/${id}`]),
    ]
    for (const path of paths) shown.push((await admin.get(`/admin/${path}`)).text)
  }
  const act = async (path: string, body?: object) => {
    shown.push((await admin.post(`/admin/${path}`, body)).text)
  }
  const claims: Claim[] = []
  for (let i = 0; i < 3; i += 1) {
    await alice.publish({ visibility: 'public', max_attempts: 1 })
    claims.push((await bob.claim(`?publisher=${bob.key}`)) ?? (await bob.claim('', { 'x-worker-id': 'w1' }))!)
  }
  const ids = claims.map(({ id }) => id)
  await look(...ids)
  await bob.fulfil(claims[0]!)
  await bob.fail(claims[1]!)
  await look(...ids)
  for (const id of ids) await act(`intents/${id}/cancel`)
  await look(...ids)
  for (const id of ids) await act(`intents/${id}/retry`)
  for (const id of ids) await act(`intents/${id}/cancel`)
  await act('dead/retry', { ids: ids.slice(0, 2) })
  await act('dead/drop', { ids: ids.slice(2) })
  await act('cleanup')
  await act('revoke_key', { api_key: alice.key, key_id: 1 })
  await act('revoke_key', { api_key: alice.key, owner: bob.key })
  await act('revoke_key', { api_key: [bob.key] })
  await act('generate_key', { owner: [bob.key] })
  await look(...ids)
  await act('purge', { confirm: bob.key })
  await act('purge', { confirm: true })

  const all = shown.join('\n')
  expect(all).toContain(ids[0])
  for (const secret of [...secrets, ...claims.map(claim => claim.claim_token)]) {
    expect(all).not.toContain(secret)
  }
})

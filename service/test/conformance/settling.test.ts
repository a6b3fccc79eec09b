import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Answer, type Claim, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

const result = async (id: string) => (await master.get(`/result/${id}`)).json

describe('a result', () => {
  test.each([
    [{ result: { url: 'x', n: [1, null] } }, 'json'],
    [{ result: ['a'] }, 'json'],
    [{ result: 'plain' }, 'json'],
    [{ result: 0, result_type: 'json' }, 'json'],
    [{ result: false, result_type: null }, 'json'],
    [{ result: '"kept" as {it} is', result_type: 'text' }, 'text'],
    [{ result: '', result_type: 'text' }, 'text'],
    [{ result: '🐛\n', result_type: 'text', unheard: 'of' }, 'text'],
  ])('given as %j comes back from /result as %s', async (fields, type) => {
    const claim = await master.claimed()
    const answer = await master.fulfil(claim, fields)
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({ ok: true, id: claim.id })
    expect(await result(claim.id)).toMatchObject({ result: fields.result, result_type: type })
  })

  test.each([{}, { result: null }, { result_type: 'text' }, { result: null, result_type: 'text' }])(
    'may be left out: %j',
    async fields => {
      const claim = await master.claimed()
      expect((await master.fulfil(claim, fields)).status).toBe(200)
      expect(await result(claim.id)).toEqual({ ...(await master.status(claim.id)), result_type: 'json' })
    },
  )

  test.each([
    [{ result: 'x', result_type: 'xml' }, 'invalid_result_type'],
    [{ result: 'x', result_type: 'JSON' }, 'invalid_result_type'],
    [{ result: 'x', result_type: '' }, 'invalid_result_type'],
    [{ result: 'x', result_type: 5 }, 'invalid_result_type'],
    [{ result_type: ['text'] }, 'invalid_result_type'],
    [{ result: 5, result_type: 'text' }, 'invalid_result'],
    [{ result: true, result_type: 'text' }, 'invalid_result'],
    [{ result: { a: 1 }, result_type: 'text' }, 'invalid_result'],
    [{ result: ['a'], result_type: 'text' }, 'invalid_result'],
    [{ result: 'a\0b', result_type: 'text' }, 'invalid_result'],
    [{ result: '\ud800', result_type: 'text' }, 'invalid_result'],
  ])('given as %j is 400 %s, and the lease lives on', async (fields, code) => {
    const claim = await master.claimed()
    expect(refusal(await master.fulfil(claim, fields))).toMatchObject({ status: 400, code })
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
    expect((await master.fulfil(claim)).status).toBe(200)
  })

  test.each([
    ['json', 'x'.repeat(65_534), 'x'.repeat(65_535)],
    ['json', '€'.repeat(21_844), '€'.repeat(21_845)],
    ['text', 'x'.repeat(65_536), 'x'.repeat(65_537)],
    ['text', '€'.repeat(21_845), '€'.repeat(21_846)],
  ])('of %s takes 64 KiB as UTF-8, quotes included; more is 413', async (result_type, fits, tooLarge) => {
    const claim = await master.claimed()
    const refused = await master.fulfil(claim, { result_type, result: tooLarge })
    expect(refusal(refused)).toMatchObject({ status: 413, code: 'result_too_large' })
    expect((await master.fulfil(claim, { result_type, result: fits })).status).toBe(200)
    expect((await result(claim.id)).result === fits).toBe(true)
  })

  test('may be as large as BUS_MAX_RESULT_BYTES', async () => {
    const { master } = await busForTest({ BUS_MAX_RESULT_BYTES: '10' })
    const claim = await master.claimed()
    const refused = await master.fulfil(claim, { result: '123456789' })
    expect(refusal(refused)).toMatchObject({ status: 413, code: 'result_too_large' })
    expect((await master.fulfil(claim, { result: '12345678' })).status).toBe(200)
  })
})

describe('the error of a failure', () => {
  test.each([
    [undefined, 'unknown'],
    [null, 'unknown'],
    ['', 'unknown'],
    ['disk on fire', 'disk on fire'],
    [' \n', ' \n'],
    ['x'.repeat(500), 'x'.repeat(500)],
    ['x'.repeat(501), 'x'.repeat(500)],
    [`${'x'.repeat(499)}🐛🐛`, `${'x'.repeat(499)}🐛`],
    [5, '5'],
    [false, 'false'],
    [{ code: 7, why: ['a b'] }, '{"code":7,"why":["a b"]}'],
    [['y'.repeat(600)], `["${'y'.repeat(498)}`],
  ])('given as %j is remembered as text of at most 500 characters', async (error, text) => {
    const claim = await master.claimed()
    const answer = await master.fail(claim, { error })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({ ok: true, id: claim.id })
    expect(await master.status(claim.id)).toMatchObject({ status: 'open', last_error: text })
  })

  test.each(['a\0b', '\udfff'])('is 400 when it cannot be kept as text: %j', async error => {
    const claim = await master.claimed()
    expect(refusal(await master.fail(claim, { error }))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed', last_error: null })
  })

  test('is what a dead intent goes on showing', async () => {
    const claim = await master.claimed({ max_attempts: 1 })
    await master.fail(claim, { error: 'disk on fire' })
    expect(await result(claim.id)).toMatchObject({ status: 'dead', error: 'disk on fire' })
  })
})

test('/result is /status and result_type, and result or error only while they are set', async () => {
  const id = await master.publish()
  const shown = async (more: object) => {
    expect(await result(id)).toEqual({ ...(await master.status(id)), result_type: 'json', ...more })
  }
  await shown({})
  const first = (await master.claim())!
  await shown({})
  await master.fail(first, { error: 'it broke' })
  await shown({ error: 'it broke' })
  await bus.clock.advance(10_000)
  await shown({ error: 'it broke' })
  const second = (await master.claim())!
  await master.fulfil(second, { result: { n: 1 } })
  await shown({ result: { n: 1 } })
  await bus.admin.post(`/admin/intents/${id}/retry`)
  await shown({ error: 'Retried by admin' })
  await master.fulfil((await master.claim())!, { result: 'anew', result_type: 'text' })
  await shown({ result: 'anew', result_type: 'text' })
  await bus.admin.post(`/admin/intents/${id}/cancel`)
  await shown({ error: 'Cancelled by admin' })
})

test('an intent that is not there is 404 on /status and /result, for whoever asks', async () => {
  for (const client of [master, await bus.issue()]) {
    for (const path of ['/status', '/result']) {
      const answer = await client.get(`${path}/${'0'.repeat(32)}`)
      expect(refusal(answer)).toMatchObject({ status: 404, code: 'not_found' })
    }
  }
})

describe('/status and /result are for the publisher, the claimer and the master key', async () => {
  const [publisher, claimer, other] = [await bus.issue(), await bus.issue(), await bus.issue()]
  const everybody = { publisher, claimer, other, master }
  const cancel = (id: string) => bus.admin.post(`/admin/intents/${id}/cancel`)
  const publish = (fields: object = {}) => publisher.publish({ visibility: 'public', ...fields })
  const claimed = async (fields: object = {}) => {
    await publish(fields)
    return (await claimer.claim())!
  }

  const OPEN = ['publisher', 'master']
  const HELD = ['publisher', 'claimer', 'master']
  test.each([
    ['open', OPEN, () => publish()],
    ['claimed', HELD, async () => (await claimed()).id],
    ['fulfilled', HELD, () => settled({}, claim => claimer.fulfil(claim, { result: 1 }))],
    ['open after it failed', OPEN, () => settled({}, claim => claimer.fail(claim))],
    ['dead after it failed', HELD, () => settled({ max_attempts: 1 }, claim => claimer.fail(claim))],
    ['dead since it was cancelled while claimed', HELD, () => settled({}, claim => cancel(claim.id))],
    [
      'dead since its lease ran out',
      HELD,
      () => settled({ max_attempts: 1 }, () => bus.clock.advance(60_000)),
    ],
    ['open after a retry by an admin', OPEN, () => settled({}, retried)],
    ['claimed by somebody else since', ['publisher', 'other', 'master'], () => settled({}, takenOver)],
    ['dead and never claimed', OPEN, async () => (await cancel(await publish())).json.id],
  ])('while it is %s: %j', async (_state, readers, make) => {
    const id = await make()
    for (const path of ['/status', '/result']) {
      for (const [who, client] of Object.entries(everybody)) {
        const answer = await client.get(`${path}/${id}`)
        if (readers.includes(who)) expect(answer.json).toMatchObject({ id })
        else expect(refusal(answer)).toMatchObject({ status: 403, code: 'forbidden' })
      }
    }
  })

  async function settled(fields: object, how: (claim: Claim) => Promise<unknown>) {
    const claim = await claimed(fields)
    await how(claim)
    return claim.id
  }

  async function retried(claim: Claim): Promise<Answer> {
    await claimer.fulfil(claim)
    return bus.admin.post(`/admin/intents/${claim.id}/retry`)
  }

  async function takenOver(claim: Claim): Promise<Claim | null> {
    await claimer.fail(claim)
    await bus.clock.advance(10_000)
    return other.claim()
  }
})

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

// Time is moved by days here; a prune in each minute of them would prove nothing and take long.
const bus = await busForFile({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const detail = async (id: string) => (await bus.admin.get(`/admin/intents/${id}`)).json
const published = async (fields: object) => detail(await master.publish(fields))
const now = () => bus.clock.now() / 1000

test('a goal and a payload are enough: 201, and the rest takes its default', async () => {
  const answer = await master.post('/intent', { goal: 'notify', payload: { a: 1 } })
  expect(answer.status).toBe(201)
  const { id } = answer.json
  expect(answer.json).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    status: 'published',
    namespace: 'default',
  })
  expect(await detail(id)).toMatchObject({
    id,
    goal: 'notify',
    payload: { a: 1 },
    namespace: 'default',
    visibility: 'private',
    priority: 100,
    max_attempts: 3,
    backoff_base: 5,
    target_worker: null,
    required_capability: null,
    created_at: now(),
    run_at: now(),
    expires_at: now() + 86_400,
  })
})

const EVERYTHING = {
  goal: 'notify',
  payload: [1],
  namespace: 'phone.one-_2',
  visibility: 'public',
  priority: 7,
  max_attempts: 20,
  backoff_base: 2.5,
  target_worker: 'pi:4.b_c-d',
  required_capability: 'camera:v2.1_x-y',
}

test('every field that is sent is kept, and the answer names the namespace', async () => {
  const { json } = await master.post('/intent', { ...EVERYTHING, delay: 1.5 })
  expect(json.namespace).toBe('phone.one-_2')
  expect(await detail(json.id)).toMatchObject({ ...EVERYTHING, run_at: now() + 1.5 })
})

test('an explicit null in an optional field is the same as leaving it out', async () => {
  const optional = [...Object.keys(EVERYTHING).slice(2), 'delay']
  const nulls = Object.fromEntries(optional.map(name => [name, null]))
  // From when it was published: on a bus elsewhere that is not the same moment.
  const comparable = async (fields: object) => {
    const { created_at, run_at, expires_at, ...kept } = await published(fields)
    const after = (at: number) => Math.round((at - created_at) * 1000)
    return { ...kept, id: '', run_at: after(run_at), expires_at: after(expires_at) }
  }
  expect(await comparable(nulls)).toEqual(await comparable({}))
})

test('unknown fields are ignored', async () => {
  const unknown = { ttl: 'x', claim_attempts: 9, status: 'dead', id: 'mine', publisher: 'me', run_at: 0 }
  expect(await published(unknown)).toMatchObject({
    id: expect.not.stringContaining('mine'),
    status: 'open',
    claim_attempts: 0,
    publisher: 'master',
    run_at: now(),
  })
})

test.each([['PUBLIC'], [' public'], ['protected'], [''], [5], [true], [['public']]])(
  'visibility %j is unknown, which means private',
  async visibility => {
    expect(await published({ visibility })).toMatchObject({ visibility: 'private' })
  },
)

test.each([[null], [false], [0], [''], [[]], [{}], ['text'], [1.5]])('a payload may be %j', async payload => {
  const claim = await master.claimed({ payload })
  expect(claim.payload).toEqual(payload)
})

describe('numbers are brought into range, never refused', () => {
  test.each([
    ...range('priority', { least: 0, most: 1000, otherwise: 100, isWhole: true }),
    ...range('max_attempts', { least: 1, most: 20, otherwise: 3, isWhole: true }),
    ...range('backoff_base', { least: 1, most: 3600, otherwise: 5, isWhole: false }),
    ['delay', '-5', 0],
    ['delay', '-0', 0],
    ['delay', '"7"', 7],
    ['delay', '0.25', 0.25],
    ['delay', '"abc"', 0],
    ['delay', '1e999', 0],
  ])('%s %s counts as %d', async (field, sent, counts) => {
    const answer = await master.post('/intent', `{"goal":"work","payload":1,"${field}":${sent}}`)
    expect(answer.status).toBe(201)
    const intent = await detail(answer.json.id)
    expect(field === 'delay' ? intent.run_at - now() : intent[field]).toBe(counts)
  })

  test('a delay beyond all dates is cut, and the intent is still one', async () => {
    const { run_at, expires_at } = await published({ delay: 1e300 })
    expect(run_at).toBeGreaterThan(now() + 365 * 86_400)
    expect(expires_at).toBe(run_at + 86_400)
  })

  type Range = { least: number; most: number; otherwise: number; isWhole: boolean }

  function range(field: string, { least, most, otherwise, isWhole }: Range): [string, string, number][] {
    return [
      [field, `${least}`, least],
      [field, `${most}`, most],
      [field, `${most + 1}`, most],
      [field, '9007199254740993', most],
      [field, '1e300', most],
      [field, `${least - 0.75}`, least],
      [field, '-1', least],
      [field, '-1e300', least],
      [field, '"7"', 7],
      [field, '" 7 "', 7],
      [field, '3.9', isWhole ? 3 : 3.9],
      [field, '"3.9"', isWhole ? 3 : 3.9],
      ...['"abc"', '""', '"0x10"', '"Infinity"', 'null', '1e999', '-1e999', '[]', '{}'].map(
        (unreadable): [string, string, number] => [field, unreadable, otherwise],
      ),
    ]
  }
})

describe('texts', () => {
  test('a goal is trimmed, and has up to 256 characters, however many bytes those are', async () => {
    expect(await published({ goal: ' \t notify me \n' })).toMatchObject({ goal: 'notify me' })
    for (const goal of ['g', 'g'.repeat(256), '🐛'.repeat(256)]) {
      expect(await published({ goal: ` ${goal} ` })).toMatchObject({ goal })
    }
  })

  test.each(['target_worker', 'required_capability'])(
    '%s is trimmed, cut at 64 characters, and empty means none',
    async field => {
      expect(await published({ [field]: ' pi ' })).toMatchObject({ [field]: 'pi' })
      expect(await published({ [field]: 'x'.repeat(64) })).toMatchObject({ [field]: 'x'.repeat(64) })
      expect(await published({ [field]: 'x'.repeat(65) })).toMatchObject({ [field]: 'x'.repeat(64) })
      for (const none of ['', '   '])
        expect(await published({ [field]: none })).toMatchObject({ [field]: null })
    },
  )

  test.each([
    ...['', '  ', 'g'.repeat(257), '🐛'.repeat(257), true, null, ['g'], {}].map(bad => ['goal', bad]),
    ...['', ' ', 'a b', 'a/b', 'a:b', 'ä', 'a\n', ' a', 'n'.repeat(65), true, [], {}].map(bad => [
      'namespace',
      bad,
    ]),
    ...['a b', 'a/b', 'ä', 'a,b', 'a\nb', true, [], {}].map(bad => ['target_worker', bad]),
    ...['a b', 'a/b', 'ä', 'a,b', 'a\nb', 5, [], {}].map(bad => ['required_capability', bad]),
  ])('%s may not be %j: 400 with a code of its own', async (field, bad) => {
    const answer = await master.post('/intent', { goal: 'work', payload: 1, [`${field}`]: bad })
    expect(refusal(answer)).toMatchObject({ status: 400, code: `invalid_${field}` })
    expect(await master.claim()).toBeNull()
  })

  test.each([
    [{}, 'Missing goal: it takes a text of 1 to 256'],
    [{ gaol: 'work', payload: 1 }, 'Missing goal: it takes a text of 1 to 256'],
    [{ goal: 'work' }, 'Missing payload: it takes any JSON, null too.'],
  ])('%j lacks something, and the refusal says what: 400', async (body, message) => {
    expect(refusal(await master.post('/intent', body))).toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: expect.stringContaining(message),
    })
  })
})

test('a delayed intent is open, and cannot be claimed before it is due', async () => {
  const id = await master.publish({ delay: 2.5 })
  expect(await master.status(id)).toMatchObject({ status: 'open', run_at: now() + 2.5 })
  await bus.clock.advance(2499)
  expect(await master.claim()).toBeNull()
  await bus.clock.advance(1)
  expect(await master.claim()).toMatchObject({ id, claim_attempts: 1 })
})

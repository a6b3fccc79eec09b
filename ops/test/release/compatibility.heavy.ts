/**
 * The last release and this tree together: an upgrade keeps what was acknowledged, and neither side needs the other to be
 * upgraded first. The release is taken from the history of this clone.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { lastRelease, readReleases } from '../../release/releases.ts'
import { treeOf } from './last-release.ts'
import { type Answer, Installed, VersionedBus } from './versions.ts'

const released = lastRelease(root)
const first = readReleases(root)[0]!
let before: string
beforeAll(() => {
  before = treeOf(released)
}, 600_000)

/** Bodies whose text is a matter of its own: numbers of Python's, escapes, `null`, fields that nothing knows. */
const BODIES = [
  '{"goal":"odd","payload":{"a":1.0,"b":12345678901234567890,"c":"\\u00e9"},"x":{"z":[1,2.50,{"k":"\\ud83d\\ude00"}],"a":null}}',
  '{ "payload" : 1.10 , "goal":"odd" , "unknown" : [ ] }',
  '{"goal":"odd","payload":null,"priority":"7","delay":0}',
]

describe(`a data directory of ${released.version}`, () => {
  const bus = new VersionedBus()
  let key: { 'x-api-key': string }
  let published: Answer[]
  let claims: Answer['json'][]
  let asBefore: Record<string, Answer>
  let lettersBefore: Answer['json']
  /** What has to be the same after the upgrade, by its path. */
  const kept = () => ['/get/greeting', ...claims.map(({ id }) => `/status/${id}`), `/result/${claims[0].id}`]
  const look = async () =>
    Object.fromEntries(
      await Promise.all(kept().map(async path => [path, await bus.call(path, undefined, key)])),
    )
  const publish = (at: number) => bus.call('/intent', BODIES[at], { ...key, 'idempotency-key': `k${at}` })

  beforeAll(async () => {
    await bus.serve(before)
    const made = await bus.call('/admin/generate_key', { owner: 'alice' })
    key = { 'x-api-key': made.json['api_key'] }
    published = await Promise.all(BODIES.map((_, at) => publish(at)))
    claims = []
    for (let at = 0; at < 5; at++) {
      await bus.call('/intent', { goal: 'work', payload: at, max_attempts: 1 }, key)
      claims.push((await bus.call('/claim?goal=work&lease=3600', {}, key)).json)
    }
    const settle = (at: number, verb: string, more: object) =>
      bus.call(`/${verb}/${claims[at].id}`, { claim_token: claims[at].claim_token, ...more }, key)
    expect((await settle(0, 'fulfill', { result: { r: [1, 'two'] } })).status).toBe(200)
    expect((await settle(1, 'fail', { error: 'broken' })).status).toBe(200)
    await bus.call('/set/greeting', { value: 'hello', ttl: 86_400 }, key)
    asBefore = await look()
    lettersBefore = (await bus.call('/admin/dead')).json
    expect(lettersBefore).toMatchObject([{ intent_id: claims[1].id, attempts: 1 }])
    await bus.serve(root)
  }, 300_000)
  afterAll(() => bus.remove())

  test('has the same states, results and values', async () => {
    for (const [path, answer] of Object.entries(await look())) {
      // A field may have come since then.
      expect(answer, path).toMatchObject(asBefore[path]!)
    }
  })

  test('knows what was published under an idempotency key, to the letter', async () => {
    for (const at of BODIES.keys()) expect(await publish(at)).toEqual(published[at])
    const other = await bus.call('/intent', '{"goal":"odd","payload":2}', { ...key, 'idempotency-key': 'k1' })
    expect(other).toMatchObject({ status: 422, json: { error: { code: 'idempotency_conflict' } } })
  })

  test('has the leases of its workers, and takes their results', async () => {
    const [, , held, given] = claims
    const path = (verb: string, id: string) => `/${verb}/${id}`
    const longer = { claim_token: held.claim_token, seconds: 60 }
    expect((await bus.call(path('extend_claim', held.id), longer, key)).status).toBe(200)
    const done = { claim_token: given.claim_token, result: 1 }
    expect((await bus.call(path('fulfill', given.id), done, key)).status).toBe(200)
    expect((await bus.call(path('result', given.id), undefined, key)).json).toMatchObject({ result: 1 })
  })

  test('has its dead letters and its keys, and opens a dead one again', async () => {
    const [, dead] = claims
    expect((await bus.call('/admin/dead')).json).toMatchObject(lettersBefore)
    expect((await bus.call('/admin/keys')).json).toMatchObject({ keys: [{ owner: 'alice' }] })
    expect((await bus.call(`/admin/intents/${dead.id}/retry`, {})).status).toBe(200)
    expect((await bus.call('/claim?goal=work', {}, key)).json).toMatchObject({ id: dead.id })
  })

  test('hands out what was waiting, with the payload as it was sent', async () => {
    const taken = []
    for (const _ of BODIES) {
      const answer = await fetch(`${bus.url}/claim?goal=odd`, { method: 'POST', headers: key })
      taken.push(await answer.text())
    }
    for (const payload of ['1.10', 'null', '{"a":1.0,"b":12345678901234567890,"c":"\\u00e9"}']) {
      expect(taken.filter(text => text.includes(`"payload":${payload}`))).toHaveLength(1)
    }
  })
})

/** What people do with the command and the workers every day: it has to work whichever side is upgraded first. */
function everyday(client: () => string, server: () => string): void {
  const bus = new VersionedBus()
  let installed: Installed
  beforeAll(async () => {
    await bus.serve(server())
    installed = new Installed(client(), bus.url)
  }, 300_000)
  afterAll(async () => {
    installed?.remove()
    await bus.remove()
  })

  const publish = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await installed.command('publish', ...args)
    expect(code, err).toBe(0)
    return out.trim()
  }
  const json = async (...args: string[]) => {
    const { code, out, err } = await installed.command('--json', ...args)
    expect(code, err).toBe(0)
    return JSON.parse(out)
  }
  const result = (id: string) => json('result', id)

  test('the command publishes a job, does it, and reads its result', async () => {
    const id = await publish('shout', '"good morning"')
    expect((await installed.command('work', 'shout', '--once', '--exec', 'tr a-z A-Z')).code).toBe(0)
    expect(await result(id)).toMatchObject({ status: 'fulfilled', result: '"GOOD MORNING"' })
    expect(await json('status', id)).toMatchObject({ id, status: 'fulfilled' })
  })

  test('the command lists what is open, cancels it, and opens a dead letter again', async () => {
    const id = await publish('later', '1', '--delay', '600')
    expect(await json('list', '--status', 'open')).toEqual([expect.objectContaining({ id, goal: 'later' })])
    expect((await installed.command('cancel', id)).code).toBe(0)
    expect(await json('dead', 'list')).toEqual([expect.objectContaining({ goal: 'later' })])
    expect((await installed.command('dead', 'retry', id, '--yes')).code).toBe(0)
    expect(await json('status', id)).toMatchObject({ status: 'open' })
  })

  test('the command keeps values, hands out keys, and looks after the bus', async () => {
    expect((await installed.command('kv', 'set', 'greeting', 'hello')).code).toBe(0)
    expect((await installed.command('kv', 'get', 'greeting')).out).toBe('hello\n')
    const made = await installed.command('keys', 'create', 'bob')
    expect(made.out).toMatch(/^tk_\S+\n$/)
    expect((await installed.command('keys', 'list')).out).toContain('bob')
    expect((await json('audit')).map((entry: { action: string }) => entry.action)).toContain('key_created')
    expect((await installed.command('doctor')).code).toBe(0)
    expect((await installed.command('maintenance', 'status')).code).toBe(0)
  })

  test('the shell worker does a job, and reports one that fails', async () => {
    const [done, failed] = [
      await publish('count', '"four"'),
      await publish('fail', '1', '--max-attempts', '1'),
    ]
    expect((await installed.shell('--goal', 'count', '--once', '--', 'wc', '-c')).err).toContain(
      `${done}: fulfilled`,
    )
    expect(await result(done)).toMatchObject({ status: 'fulfilled', result: '6' })
    await installed.shell('--goal', 'fail', '--once', '--', 'sh', '-c', 'exit 3')
    expect(await json('status', failed)).toMatchObject({ status: 'dead' })
  })

  test("the phone's worker shows a notification", async () => {
    const id = await publish('notify', '"Somebody is at the door"', '--namespace', 'phone')
    const { asked, err } = await installed.phone()
    expect(
      asked.map(({ command, args }) => [command, args.includes('Somebody is at the door')]),
      err,
    ).toEqual([['termux-notification', true]])
    expect(await result(id)).toMatchObject({ status: 'fulfilled' })
  })
}

describe(`the bus of today serves the command and the workers of ${released.version}`, () => {
  everyday(
    () => before,
    () => root,
  )
})

describe(`the bus of ${released.version} serves the command and the workers of today`, () => {
  everyday(
    () => root,
    () => before,
  )
})

test(`what the bus of ${first.version} doesn't have, the command of today says so`, async () => {
  const bus = new VersionedBus()
  onTestFinished(() => bus.remove())
  await bus.serve(treeOf(first))
  const { json } = await bus.call('/admin/generate_key', { owner: 'bob' })
  const bob = new Installed(root, bus.url, json['api_key'])
  onTestFinished(() => bob.remove())
  const id = (await bob.commandWithKey('publish', 'mine', '1')).out.trim()
  for (const args of [['list'], ['cancel', id], ['retry', id]]) {
    const { code, err } = await bob.commandWithKey(...args)
    expect(err).toContain(
      `older version: it has to be later than ${first.version}. Until then only an admin lists`,
    )
    expect(code).toBe(6)
  }
  expect((await bob.command('cancel', id)).code).toBe(0)
})

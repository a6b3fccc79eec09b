import { busForFile } from '@intent-bus/service/test/support/bus'
import type { Client } from '@intent-bus/service/test/support/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { olderBus } from './support/older-bus.ts'
import { emptyDir, start, userOf } from './support/run.ts'

const bus = await busForFile()
const admin = userOf(bus.url)
/** Digits of an id that lists show in a terminal. */
const SHORT = 16
const NO_ONE = '0'.repeat(32)

/** Somebody with an issued key, who is no admin. */
async function publisher(owner: string, url = bus.url) {
  const key = (await bus.admin.post('/admin/generate_key', { owner })).json.api_key as string
  const env = { BUS_URL: url, BUS_API_KEY: key }
  const run = (...args: string[]) => start(args, { cwd: emptyDir(), env }).ended
  const json = async (...args: string[]) => JSON.parse((await run('--json', ...args)).out)
  return { key, client: bus.master.with({ 'x-api-key': key }) as Client, run, json }
}
type Publisher = Awaited<ReturnType<typeof publisher>>
let alice: Publisher

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  alice = await publisher('alice')
})

describe('with an issued key and no admin token', () => {
  test('list shows what the key published', async () => {
    const id = await alice.client.publish({ goal: 'mine' })
    await bus.master.publish({ goal: 'other' })
    expect(await alice.json('list')).toMatchObject([{ id, goal: 'mine' }])
    expect((await alice.run('list', '--status', 'claimed')).out).toBe('There are none.\n')
  })

  test('cancel and retry move what the key published, one by one', async () => {
    const [one, two] = [await alice.client.publish(), await alice.client.publish()]
    expect(await alice.run('cancel', one, two)).toMatchObject({
      code: 0,
      out: `${one} is dead\n${two} is dead\n`,
    })
    expect(await alice.client.status(one)).toMatchObject({ last_error: 'Cancelled by publisher' })
    expect(await alice.run('retry', one)).toMatchObject({ code: 0, out: `${one} is open\n` })
    expect(await alice.json('retry', two)).toEqual({ ok: true, id: two, status: 'open' })
  })

  test('the intent of another key ends with 4 and says what would do it; an unknown one, and one that is open, with 5', async () => {
    const id = await bus.master.publish({ visibility: 'public' })
    const refused = await alice.run('cancel', id)
    expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('an admin token does all')])
    expect((await bus.master.status(id)).status).toBe('open')
    expect((await alice.run('cancel', NO_ONE)).code).toBe(5)
    const open = await alice.run('retry', await alice.client.publish())
    expect([open.code, open.err]).toEqual([5, expect.stringContaining('still open or claimed')])
  })

  test('an older bus needs the admin token, and the command says so', async () => {
    const older = await olderBus(bus.url)
    const early = await publisher('bob', older)
    const id = await early.client.publish()
    for (const args of [['list'], ['cancel', id], ['retry', id]]) {
      const { code, err } = await early.run(...args)
      expect([code, err]).toEqual([6, expect.stringContaining('set BUS_ADMIN_TOKEN')])
    }
    const asAdmin = userOf(older, { BUS_API_KEY: early.key })
    expect(await asAdmin.json('list')).toMatchObject([{ id }])
    expect((await asAdmin.run(['cancel', id])).out).toBe(`${id} is dead\n`)
    expect((await asAdmin.run(['retry', id])).out).toBe(`${id} is open\n`)
  })
})

describe('with an admin token', () => {
  test('list, cancel and retry reach intents of all keys; --mine only those of its key', async () => {
    const hers = await alice.client.publish({ visibility: 'public' })
    const own = await bus.master.publish()
    expect((await admin.json('list')).map(({ id }: { id: string }) => id)).toEqual([own, hers])
    expect(await admin.json('list', '--mine')).toMatchObject([{ id: own }])
    expect((await admin.run(['cancel', '--mine', hers])).code).toBe(4)
    expect((await admin.run(['cancel', hers])).out).toBe(`${hers} is dead\n`)
    expect((await admin.run(['retry', '--mine', hers])).code).toBe(4)
    expect((await admin.run(['retry', hers])).out).toBe(`${hers} is open\n`)
  })
})

describe('a short id', () => {
  test('is taken by every command that takes an id', async () => {
    const id = await alice.client.publish({ goal: 'short' })
    const short = id.slice(0, SHORT)
    expect(await alice.json('status', short)).toMatchObject({ id })
    expect(await alice.json('cancel', short)).toMatchObject({ id, status: 'dead' })
    expect((await alice.run('result', short)).code).toBe(1)
    expect(await admin.json('dead', 'show', short)).toMatchObject({ intent_id: id })
    expect(await admin.json('dead', 'retry', short, '--yes')).toMatchObject({ done: 1 })
    await alice.run('cancel', short)
    expect(await alice.json('retry', short)).toMatchObject({ id, status: 'open' })
    await alice.run('cancel', short)
    expect(await admin.json('dead', 'drop', short, '--yes')).toMatchObject({ done: 1 })
  })

  test('that is the beginning of several names them, and nothing is done', async () => {
    const [one, two] = [await alice.client.publish(), await alice.client.publish()]
    // In these tests, time stands still: both are of one millisecond.
    const { code, err, out } = await alice.run('cancel', one.slice(0, 12))
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`Several ids begin with ${one.slice(0, 12)}: ${two}, ${one}\n`)
    expect((await alice.client.status(one)).status).toBe('open')
  })

  test('of no intent that the key may see ends with 5, and so does nothing of the rest', async () => {
    const theirs = await bus.master.publish()
    const id = await alice.client.publish()
    const { code, err } = await alice.run('cancel', id, theirs.slice(0, SHORT))
    expect([code, err]).toEqual([
      5,
      expect.stringContaining('No intent that this key published has an id that begins with'),
    ])
    expect((await alice.client.status(id)).status).toBe('open')
    expect((await admin.run(['status', 'f'.repeat(SHORT)])).err).toContain("No intent's id begins with")
  })

  test.each(['abc', 'f'.repeat(11), 'f'.repeat(33), 'F'.repeat(16)])('%s is none', async given => {
    expect(await alice.run('status', given)).toMatchObject({
      code: 2,
      err: expect.stringContaining('or its first 12 or more'),
    })
  })

  test('is refused on an older bus, which would list all intents, and no other intent is taken for it', async () => {
    const older = userOf(await olderBus(bus.url))
    await bus.master.publish()
    const { code, err } = await older.run(['cancel', 'f'.repeat(SHORT)])
    expect([code, err]).toEqual([6, expect.stringContaining('It takes an id whole')])
  })
})

describe('whose job it is and who may take it', () => {
  const FIELDS = { goal: 'whose', namespace: 'home', target_worker: 'barn', required_capability: 'gpu' }
  const WHO =
    /for +a worker with the key tk_\S+… \(alice\), in the namespace home, that is named barn and offers gpu\n/

  test('is said by status, and by a result that has not come, to the key that published it', async () => {
    const id = await alice.client.publish(FIELDS)
    for (const { out, err } of [await alice.run('status', id), await alice.run('result', id)]) {
      expect(out + err).toMatch(/publisher +tk_\S+… \(alice\)\n/)
      expect(out + err).toMatch(WHO)
    }
    const open = await alice.client.publish({ visibility: 'public' })
    expect((await alice.run('status', open)).out).toContain(
      'a worker with any key, in the namespace default\n',
    )
  })

  test('is not said to a worker of another key, nor of what has ended', async () => {
    const bob = await publisher('bob')
    const id = await alice.client.publish({ goal: 'seen', visibility: 'public' })
    const claim = (await bob.client.claim('?goal=seen&worker_id=pi'))!
    const { out } = await bob.run('status', id)
    expect(out).not.toContain('alice')
    expect((await alice.run('status', id)).out).toMatch(/worker +pi\n/)
    await bob.client.fulfil(claim)
    expect((await alice.run('status', id)).out).not.toMatch(/^for /m)
  })

  test('is said by a worker that got none, of what waits with its goal', async () => {
    const id = await alice.client.publish(FIELDS)
    const once = (run: Publisher['run'], ...more: string[]) =>
      run(...more, 'work', 'whose', '--once', '--wait', '0', '--exec', 'true')
    const own = await once(alice.run)
    expect(own.code).toBe(7)
    expect(own.err).toContain(`${id.slice(0, SHORT)}, published by tk_`)
    expect(own.err).toContain('in the namespace home, that is named barn and offers gpu.\n')
    const bob = await publisher('bob')
    const stranger = await once(bob.run)
    expect([stranger.code, stranger.err]).toEqual([7, expect.not.stringContaining('published by')])
    const older = await publisher('carol', await olderBus(bus.url))
    expect((await once(older.run)).code).toBe(7)
  })
})

import { copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { takeOwnership } from '../../store/sqlite/ownership.ts'
import { refusal } from '../support/client.ts'
import { fateOf, Mover } from './importing.ts'
import { ALICE, GONE, OLD_MASTER, ReferenceFile, type Version } from './reference-file.ts'
import { broken } from './soundness.ts'

const DAY_S = 86_400
const TOKEN = 'f'.repeat(32)

test('workers and publishers go on at the new bus with the keys, ids, leases and tokens they have', async () => {
  const ids: Record<string, string> = {}
  const body = '{"goal":"greet","payload":{"name":"Ada"}}'
  const mover = new Mover().reference(file => {
    file.key(ALICE, 'alice')
    const hers = { publisher: ALICE }
    ids['open'] = file.intent({ ...hers, goal: 'mail', priority: 7, claim_attempts: 1, max_attempts: 5 })
    ids['held'] = file.intent({
      ...hers,
      status: 'claimed',
      claimed_at: file.now - 30,
      claim_expires_at: file.now + 600,
      claimed_by: ALICE,
      claim_token: TOKEN,
      claim_attempts: 1,
    })
    ids['done'] = file.intent({
      ...hers,
      status: 'fulfilled',
      completed_at: file.now - 60,
      claimed_by: OLD_MASTER,
      claim_attempts: 1,
      result: '{"pages": [1, 2]}',
      result_type: 'json',
    })
    ids['dead'] = file.intent({ status: 'dead', failed_at: file.now - 60, last_error: 'no paper' })
    file.letter(ids['dead'], { reason: 'no paper' })
    file.value(`${ALICE}:colour`, 'green')
    file.value(`${OLD_MASTER}:a:b`, 'blue')
    file.used(ALICE, 'once', body, ids['open'])
    file.nonce(ALICE, 'overheard')
  })
  mover.run()
  expect(broken(mover.target)).toEqual([])

  const bus = await mover.bus()
  const alice = bus.with(ALICE)
  const master = bus.with(OLD_MASTER)
  expect((await alice.get(`/result/${ids['done']}`)).json).toMatchObject({
    status: 'fulfilled',
    result: { pages: [1, 2] },
    result_type: 'json',
  })
  expect(await alice.claim('?goal=mail')).toMatchObject({ id: ids['open'], priority: 7, claim_attempts: 2 })
  expect((await alice.post(`/fulfill/${ids['held']}`, { claim_token: TOKEN, result: 'done' })).status).toBe(
    200,
  )
  expect((await alice.status(ids['held']!)).status).toBe('fulfilled')

  expect((await alice.get('/get/colour')).json).toEqual({ value: 'green' })
  expect((await master.get('/get/a:b')).json).toEqual({ value: 'blue' })
  expect((await master.get('/get/colour')).status).toBe(404)

  const again = { goal: 'greet', payload: { name: 'Ada' } }
  expect((await alice.post('/intent', again, { 'idempotency-key': 'once' })).json.id).toBe(ids['open'])
  const other = await alice.post('/intent', { ...again, payload: 1 }, { 'idempotency-key': 'once' })
  expect(refusal(other)).toMatchObject({ status: 422, code: 'idempotency_conflict' })

  const timestamp = Math.floor(Date.now() / 1000)
  const replay = await alice.signed('GET', '/get/colour', '', { timestamp, nonce: 'overheard' })
  expect(refusal(replay)).toMatchObject({ status: 403, message: expect.stringMatching(/Replay detected/) })
  // Strict mode needs the key itself, which is sealed in the database.
  expect((await alice.signed('GET', '/get/colour', '', { timestamp })).status).toBe(200)

  expect((await bus.admin.get('/admin/dead')).json).toMatchObject([
    { intent_id: ids['dead'], reason: 'no paper', cause: 'max_retries' },
  ])
  expect((await master.status(ids['dead']!)).last_error).toBe('no paper')
  expect((await bus.admin.post(`/admin/intents/${ids['dead']}/retry`)).status).toBe(200)
  expect(await master.claim()).toMatchObject({ id: ids['dead'], payload: { name: 'Ada' } })
  expect((await bus.with(GONE).get('/get/colour')).status).toBe(401)
  await bus.stop()
  expect(broken(mover.target)).toEqual([])
})

test('intents are claimed in the order in which the old server would have given them out', async () => {
  const published: string[] = []
  const mover = new Mover().reference(file => {
    const at = (age: number, fields = {}) =>
      file.intent({ created_at: file.now - age, run_at: file.now - age, ...fields })
    const [young, old, first, tried] = [
      at(10),
      at(20),
      at(10, { priority: 500 }),
      at(20, { claim_attempts: 1 }),
    ]
    published.push(first, old, tried, young)
  })
  mover.run()
  const bus = await mover.bus()
  const claimed = []
  for (let i = 0; i < 4; i += 1) claimed.push((await bus.with(OLD_MASTER).claim())?.id)
  expect(claimed).toEqual(published)
})

test('leases that had run out, and intents due by now, the bus puts in order by its own rules', async () => {
  let lost = ''
  let spent = ''
  const mover = new Mover().reference(file => {
    const held = { status: 'claimed', claimed_at: file.now - 600, claim_expires_at: file.now - 540 }
    lost = file.intent({ ...held, claimed_by: OLD_MASTER, claim_token: TOKEN, claim_attempts: 1 })
    spent = file.intent({ ...held, claimed_by: OLD_MASTER, claim_token: TOKEN, claim_attempts: 3 })
  })
  mover.run()
  const bus = await mover.bus()
  const master = bus.with(OLD_MASTER)
  await expect.poll(async () => (await master.status(spent)).status).toBe('dead')
  expect(await master.status(lost)).toMatchObject({
    status: 'open',
    claim_attempts: 1,
    last_error: 'Lease expired. Backing off.',
  })
  await bus.stop()
  expect(broken(mover.target)).toEqual([])
})

test('what waits goes on waiting, and what had outlived its time is a dead letter', () => {
  const ids: Record<string, string> = {}
  const mover = new Mover().reference(file => {
    ids['delayed'] = file.intent({ run_at: file.now + 7 * DAY_S })
    ids['expired'] = file.intent({ created_at: file.now - 2 * DAY_S, expires_at: file.now - DAY_S })
    ids['longGone'] = file.intent({ created_at: file.now - 9 * DAY_S, expires_at: file.now - 8 * DAY_S })
    ids['spent'] = file.intent({ claim_attempts: 3, max_attempts: 3 })
    ids['unclaimed'] = 'ab'.repeat(16)
    file.letter(ids['unclaimed'], { reason: 'Expired unclaimed', attempts: 0 })
  })
  const run = mover.run()
  expect(broken(mover.target)).toEqual([])
  const of = (id: string) =>
    mover.look(db =>
      db
        .prepare(
          `SELECT state, expires_at - run_at AS life, reason FROM intents i LEFT JOIN dead_letters d ON d.intent = i.n WHERE id = ?`,
        )
        .get(id),
    )
  expect(of(ids['delayed']!)).toEqual({ state: 0, life: DAY_S * 1000, reason: null })
  expect(of(ids['expired']!)).toMatchObject({ state: 4, reason: 'expired' })
  expect(of(ids['spent']!)).toMatchObject({ state: 4, reason: 'Max retries exceeded' })
  expect(of(ids['unclaimed']!)).toMatchObject({ state: 4, reason: 'expired' })
  expect(fateOf(run, ids['longGone']!)).toEqual([
    ['intents', 'left out', expect.stringMatching(/BUS_DEAD_RETENTION/)],
  ])
  expect(fateOf(run, ids['unclaimed']!)).toEqual([
    ['dead_letters', 'changed', expect.stringMatching(/deleted when it expired/)],
  ])
})

describe('a database of every version is taken', () => {
  test('7.0, whose intents every key could claim, and whose ids are short', async () => {
    const mover = new Mover().reference(file => {
      file.key(ALICE)
      // 7.0 writes the publisher of an open intent where later the claimer stands.
      file.intent({ id: '1a2b3c4d', claimed_by: ALICE, claimed_at: 0, payload: '{"a": [1, 2]}' })
      file.intent({ id: '5e6f7a8b', status: 'claimed', claimed_by: ALICE, claimed_at: file.now })
      file.value('colour', 'green')
    }, '7.0')
    const run = mover.run()
    expect(run.version).toBe('7.0')
    expect(broken(mover.target)).toEqual([])
    expect(fateOf(run, '1a2b3c4d')[0]).toContain('its id had fewer digits: it has zeros in front now')
    const bus = await mover.bus({ BUS_REQUIRE_CLAIM_TOKEN: 'false' })
    const [alice, master] = [bus.with(ALICE), bus.with(OLD_MASTER)]
    const id = '1a2b3c4d'.padStart(32, '0')
    // It is hers, and the master key may claim it all the same.
    expect((await alice.status(id)).visibility).toBe('public')
    expect(await master.claim()).toMatchObject({ id, payload: { a: [1, 2] } })
    expect((await alice.post(`/fulfill/${'5e6f7a8b'.padStart(32, '0')}`, {})).status).toBe(200)
    expect((await master.get('/get/colour')).json).toEqual({ value: 'green' })
  })

  test('7.0.1, which calls the dead failed and keeps no letters', () => {
    let failed = ''
    const mover = new Mover().reference(file => {
      failed = file.intent({
        status: 'failed',
        failed_at: file.now - 5,
        last_error: 'no paper',
        claim_attempts: 1,
      })
      file.intent({ status: 'fulfilled', claimed_at: file.now - 5 })
    }, '7.0.1')
    expect(mover.run()).toMatchObject({ version: '7.0.1', report: { taken: 2 } })
    expect(broken(mover.target)).toEqual([])
    expect(mover.one(`SELECT last_error FROM intents WHERE id = '${failed}'`)).toBe('no paper')
    expect(mover.one('SELECT count(*) FROM dead_letters')).toBe(1)
  })

  test('7.6, whose leases have no token: they go on, for workers that send none', () => {
    const mover = new Mover().reference(file => {
      const lease = { claimed_at: file.now, claim_expires_at: file.now + 60, claim_attempts: 1 }
      file.intent({ status: 'claimed', claimed_by: OLD_MASTER, ...lease })
    }, '7.6')
    const run = mover.run()
    expect([run.version, run.report.reasons('changed')[0]!.why]).toEqual([
      '7.5 or 7.6',
      expect.stringMatching(/BUS_REQUIRE_CLAIM_TOKEN=false/),
    ])
    expect(broken(mover.target)).toEqual([])
  })
})

test('a dry run says the same as the run, and makes nothing', () => {
  const mover = new Mover().reference(file => {
    file.key(ALICE)
    const id = file.intent({ publisher: ALICE })
    file.intent({ payload: 'NaN' })
    file.used(ALICE, 'once', '{}', id)
    file.value(`${ALICE}:colour`, 'green')
  })
  const dry = mover.run({ dry: true })
  expect(existsSync(join(mover.dir, 'data'))).toBe(false)
  const wet = mover.run()
  expect(wet.rows).toEqual(dry.rows)
  // Now there is something to look at: it says what is here, and changes nothing.
  const before = mover.look(db => db.serialize())
  expect(mover.run({ dry: true }).report.taken).toBe(0)
  expect(mover.look(db => db.serialize()).equals(before)).toBe(true)
})

test('the same import twice takes nothing twice, not even what was deleted or revoked meanwhile', async () => {
  let id = ''
  const mover = new Mover().reference(file => {
    file.key(ALICE)
    id = file.intent({ status: 'dead', failed_at: file.now - 60 })
    file.letter(id)
    file.intent({ publisher: ALICE })
    file.value(`${ALICE}:colour`, 'green')
  })
  expect(mover.run().report.taken).toBe(5)
  const bus = await mover.bus()
  await bus.with(ALICE).post('/set/colour', { value: 'red' })
  await bus.admin.post('/admin/dead/drop', { ids: [id] })
  await bus.admin.post('/admin/revoke_key', { api_key: ALICE })
  await bus.stop()
  const again = mover.run()
  expect(again.report.taken).toBe(0)
  expect(fateOf(again, id)[0]).toEqual(['intents', 'here already', 'came with an earlier import'])
  expect(fateOf(again, 'tk_aaaa…')).toEqual([
    ['tester_keys', 'here already', 'came with an earlier import, and was revoked'],
  ])
  expect(mover.one('SELECT count(*) FROM api_keys')).toBe(0)
  // Its values went with the key, and do not come back either.
  expect(mover.one('SELECT count(*) FROM key_values')).toBe(0)
  expect(broken(mover.target)).toEqual([])
})

test('what came after the first import a second one takes', () => {
  const mover = new Mover().reference(file => file.intent())
  mover.run()
  const db = new Sqlite(mover.source)
  db.exec(`INSERT INTO intents SELECT * FROM intents WHERE false`)
  db.prepare(
    `INSERT INTO intents (id, goal, payload, status, created_at, expires_at, run_at, publisher)
     SELECT ?, goal, payload, status, created_at, expires_at, run_at, publisher FROM intents`,
  ).run('c'.repeat(32))
  db.close()
  expect(mover.run().report.taken).toBe(1)
})

test('intents of a key that was revoked stay, and are nobody’s', async () => {
  let id = ''
  let open = ''
  const mover = new Mover().reference(file => {
    id = file.intent({ publisher: GONE })
    open = file.intent({ publisher: GONE, visibility: 'public' })
    file.intent({ goal: 'other' })
  })
  const run = mover.run()
  expect(fateOf(run, id)).toEqual([['intents', 'changed', expect.stringMatching(/key is gone/)]])
  const bus = await mover.bus()
  const { json } = await bus.admin.post('/admin/generate_key', { owner: 'new' })
  expect((await bus.with(json.api_key).claim())?.id).toBe(open)
  expect(await bus.with(json.api_key).claim()).toBeNull()
  expect((await bus.admin.get(`/admin/intents/${id}`)).json.publisher).toMatch(/^revoked key/)
})

describe('a row that cannot be taken is named with the reason, and the others are taken', () => {
  test.each<[string, (file: ReferenceFile) => unknown, RegExp]>([
    ['payload that is no JSON', f => f.intent({ payload: '{"x":NaN}' }), /payload is no JSON/],
    ['namespace', f => f.intent({ namespace: 'a b' }), /namespace takes/],
    ['goal', f => f.intent({ goal: ' ' }), /goal is no text/],
    ['worker', f => f.intent({ target_worker: 'a b' }), /target_worker takes/],
    ['capability', f => f.intent({ required_capability: '?' }), /required_capability takes/],
    ['status', f => f.intent({ status: 'paused' }), /status is none/],
    ['id', f => f.intent({ id: 'not-an-id' }), /id is not made of hex digits/],
    ['time', f => f.intent({ created_at: -5 }), /created_at is no time/],
    [
      'age',
      f => f.intent({ status: 'fulfilled', completed_at: f.now - 8 * DAY_S }),
      /BUS_FULFILLED_RETENTION_SECONDS/,
    ],
    ['letter of what lives', f => f.letter(f.intent()), /its intent is not dead/],
    ['key that no header carries', f => f.key('naïve'), /no header can carry/],
    ['value of nobody', f => f.value(`${GONE}:k`, 'v'), /API key was revoked/],
    ['value that expired', f => f.value(`${OLD_MASTER}:k`, 'v', { expires_at: 1 }), /^expired$/],
    ['value without text', f => f.value(`${OLD_MASTER}:k`, null), /value is no text/],
    ['use of nobody', f => f.used(GONE, 'k', '{}', f.intent()), /API key was revoked/],
    ['use whose intent is gone', f => f.used(OLD_MASTER, 'k', '{}', 'e'.repeat(32)), /intent is not here/],
    ['use with a broken answer', f => f.used(OLD_MASTER, 'k', '{}', '', { response: '' }), /names no intent/],
    [
      'use of yesterday',
      f => f.used(OLD_MASTER, 'k', '{}', f.intent(), { created_at: f.now - 2 * DAY_S }),
      /longer than a day ago/,
    ],
  ])('%s', (_what, fill, reason) => {
    const mover = new Mover().reference(file => {
      fill(file)
      file.intent({ goal: 'sound' })
    })
    const run = mover.run()
    expect(run.rows.filter(row => row.fate === 'left out').map(row => row.why)).toEqual([
      [expect.stringMatching(reason)],
    ])
    expect(mover.one(`SELECT count(*) FROM lanes WHERE goal = 'sound'`)).toBe(1)
    expect(broken(mover.target)).toEqual([])
  })
})

test('a repeat of what was published in another script is told to be known no more', () => {
  const mover = new Mover().reference(file => {
    file.used(OLD_MASTER, 'umlaut', '{}', file.intent({ payload: '{"name":"Zo\\u00eb"}' }))
    file.used(OLD_MASTER, 'backslash', '{}', file.intent({ payload: '"C:\\\\users"' }))
  })
  const run = mover.run()
  expect(run.report.reasons('changed').map(({ table, count }) => [table, count])).toEqual([
    ['idempotency_keys', 1],
  ])
})

test('no key and no token is in what is reported', () => {
  const mover = new Mover().reference(file => {
    file.key(ALICE)
    file.value(`${ALICE}:k`, 'v')
    file.value(`${GONE}:k`, 'v')
    file.used(GONE, 'k', '{}', file.intent({ publisher: GONE, status: 'claimed', claim_token: TOKEN }))
    file.intent()
  })
  const told = JSON.stringify(mover.run().rows) + mover.warnings.join('')
  for (const secret of [ALICE, GONE, OLD_MASTER, TOKEN]) expect(told).not.toContain(secret)
})

test('the database of a server that runs is read as it is at one moment, and not written to', () => {
  const mover = new Mover()
  const file = new ReferenceFile(mover.source)
  // In its log, and not yet in the file.
  file.intent()
  const before = readFileSync(mover.source)
  expect(mover.run().report.taken).toBe(1)
  file.intent()
  expect(readFileSync(mover.source).equals(before)).toBe(true)
  file.close()
})

describe('refused in one line, with nothing made', () => {
  const notOurs = (path: string) => {
    const db = new Sqlite(path)
    db.exec('CREATE TABLE birds (name TEXT)')
    db.close()
  }
  test.each<[string, (mover: Mover) => unknown, object, RegExp]>([
    ['no file', () => {}, {}, /infrastructure\.db is not there/],
    ['a text', m => writeFileSync(m.source, 'a text, not a database'), {}, /is not an SQLite database/],
    ['another program’s database', m => notOurs(m.source), {}, /it has no table "intents"/],
    [
      'another table of that name',
      m => new Sqlite(m.source).exec('CREATE TABLE intents (id, goal)'),
      {},
      /7\.x: its table "intents" lacks payload/,
    ],
    [
      'no secret',
      m => m.reference(),
      { env: { BUS_SECRET: '' } },
      /BUS_SECRET is not set: .* what the reference server has/,
    ],
    [
      'another secret than that of the intents',
      m => m.reference(file => file.intent()),
      { env: { BUS_SECRET: 'another-secret-0123456789' } },
      /Nothing in it was published or claimed with BUS_SECRET/,
    ],
  ])('%s', (_what, prepare, options, message) => {
    const mover = new Mover()
    prepare(mover)
    expect(() => mover.run(options)).toThrow(message)
    expect(existsSync(join(mover.dir, 'data'))).toBe(false)
  })

  test('a database of this bus', () => {
    const mover = new Mover().reference(file => file.intent())
    mover.run()
    const copy = join(mover.dir, 'copy.db')
    copyFileSync(mover.target, copy)
    expect(() => mover.run({ file: copy })).toThrow(/is the database of an Intent Bus of this kind/)
    expect(() => mover.run({ file: mover.target })).toThrow(/where this bus keeps its own database/)
  })

  test('a bus that runs', () => {
    const mover = new Mover().reference(file => file.intent())
    mover.run()
    const letGo = takeOwnership(mover.target)
    expect(() => mover.run()).toThrow(/in use by another bus \(process \d+/)
    expect(mover.run({ dry: true }).report.taken).toBe(0)
    const link = join(mover.dir, 'link.db')
    symlinkSync(mover.target, link)
    expect(() => mover.run({ env: { BUS_DB_PATH: link } })).toThrow(/in use by another bus/)
    letGo()
  })

  test('a damaged file: what had come in by then is not there', () => {
    let page = 0
    const mover = new Mover().reference(file => {
      file.intent()
      for (let i = 0; i < 200; i += 1) file.letter(i.toString(16).padStart(32, '0'))
      page = file.db
        .prepare(`SELECT max(pageno) FROM dbstat WHERE name = 'dead_letters' AND pagetype = 'leaf'`)
        .pluck()
        .get() as number
    })
    const bytes = readFileSync(mover.source)
    bytes.fill(0xff, (page - 1) * 4096, page * 4096)
    writeFileSync(mover.source, bytes)
    expect(() => mover.run()).toThrow(/is damaged/)
    expect(mover.one('SELECT count(*) FROM intents')).toBe(0)
    expect(mover.one('SELECT count(*) FROM lanes')).toBe(0)
  })
})

test.each<Version>(['7.0', '7.0.1', '7.6', '7.61'])('an empty database of %s is taken', version => {
  const mover = new Mover().reference(() => {}, version)
  expect(mover.run().report.taken).toBe(0)
  expect(broken(mover.target)).toEqual([])
})

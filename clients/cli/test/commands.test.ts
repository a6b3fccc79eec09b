import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { busForFile, busForTest } from '@intent-bus/service/test/support/bus'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { wrapped } from '../src/output.ts'
import { FIELDS } from '../src/publish/lines.ts'
import { emptyDir, start, userOf } from './support/run.ts'

const bus = await busForFile()
bus.wallAheadMs = Date.now() - bus.clock.now()
const user = userOf(bus.url)
const ID = /^[0-9a-f]{32}$/

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
})

/** What of it steers a terminal. */
const steering = (text: string) => ['\u001b', '\u009b'].filter(begin => text.includes(begin))

describe('publish', () => {
  test('prints the id, and every option arrives', async () => {
    const args = [
      'greet',
      '{"name": "Ada"}',
      '-n',
      'home',
      '--priority',
      '7',
      '--max-attempts',
      '2',
      '--backoff',
      '9',
    ]
    const more = ['--target-worker', 'barn', '--capability', 'gpu', '--public', '--delay', '30']
    const { code, out } = await user.run(['publish', ...args, ...more])
    expect([code, out.trim()]).toEqual([0, expect.stringMatching(ID)])
    expect((await bus.admin.get(`/admin/intents/${out.trim()}`)).json).toMatchObject({
      goal: 'greet',
      payload: { name: 'Ada' },
      namespace: 'home',
      priority: 7,
      max_attempts: 2,
      backoff_base: 9,
      target_worker: 'barn',
      required_capability: 'gpu',
      visibility: 'public',
    })
  })

  const payloads: [how: string, args: string[], stdin: string, payload: string][] = [
    [
      'JSON, to the last digit',
      ['{"n":123456789012345678901234567890,"f":1.0}'],
      '',
      '{"n":123456789012345678901234567890,"f":1.0}',
    ],
    ['a text with --text', ['--text', '{not json'], '', '"{not json"'],
    ['stdin by -', ['-'], '[1, 2]', '[1,2]'],
    ['a text from stdin', ['--text-file', '-'], 'two\nlines', '"two\\nlines"'],
    ['a dash as a text', ['--text', '-'], 'two\nlines', '"-"'],
    ['nothing, whatever is piped in', [], '[1, 2]', 'null'],
  ]
  test.each(payloads)('takes %s', async (_how, args, stdin, payload) => {
    const { out } = await user.run(['publish', 'greet', ...args], { stdin })
    const { text } = await bus.admin.get(`/admin/intents/${out.trim()}`)
    expect(text).toContain(`"payload":${payload}`)
  })

  test('takes a file by @', async () => {
    const cwd = emptyDir()
    writeFileSync(join(cwd, 'job.json'), '{"from": "file"}')
    const { out } = await user.run(['publish', 'greet', '@job.json'], { cwd })
    expect((await bus.admin.get(`/admin/intents/${out.trim()}`)).json.payload).toEqual({ from: 'file' })
    expect((await user.run(['publish', 'greet', '@none.json'], { cwd })).err).toContain(
      'none.json cannot be read (ENOENT).',
    )
  })

  test('of what is no JSON says how to quote it', async () => {
    const { code, err, out } = await user.run(['publish', 'greet', '{name: Ada}'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('PAYLOAD takes JSON; it got "{name: Ada}".')
    expect(err).toContain('--text')
  })

  test('--wait prints the result', async () => {
    const waiting = user.run(['publish', 'greet', '1', '--wait', '20'])
    const claim = (await bus.master.claim('?wait=20'))!
    await bus.master.fulfil(claim, { result: { hello: 'Ada' } })
    const { code, out, err } = await waiting
    expect([code, JSON.parse(out), err.trim()]).toEqual([0, { hello: 'Ada' }, claim.id])
  })

  test('--wait that is over says how to go on waiting, on the last line, with --quiet too', async () => {
    for (const more of [[], ['--quiet']]) {
      const { code, out, err } = await user.run(['publish', 'nobody', '--wait', '0', ...more])
      const [{ id }] = await user.json('list', '--goal', 'nobody')
      expect([code, out]).toEqual([7, ''])
      expect(err.trimEnd().split('\n').at(-1)).toBe(`intent-bus result ${id} --wait 60`)
    }
  })

  test('of a goal that is JSON, and of a text without its quotes, says how it was meant', async () => {
    const json = await user.run(['publish', '{"goal":"x"}'])
    expect([json.code, json.out, json.err]).toEqual([2, '', expect.stringContaining('GOAL is a name')])
    const words = await user.run(['publish', 'shout', 'good', 'morning'])
    expect([words.code, words.err]).toEqual([
      2,
      expect.stringContaining("publish shout --text 'good morning'"),
    ])
    expect(await user.run(['publish', '{curly'])).toMatchObject({ code: 0 })
  })

  test('--idempotency-key publishes once', async () => {
    const first = await user.run(['publish', 'greet', '1', '--idempotency-key', 'k'])
    expect((await user.run(['publish', 'greet', '1', '--idempotency-key', 'k'])).out).toBe(first.out)
    expect((await user.run(['publish', 'greet', '2', '--idempotency-key', 'k'])).code).toBe(6)
  })

  test('--batch publishes each line, and says which line is wrong', async () => {
    const lines = [
      { goal: 'a', payload: 1 },
      { goal: 'b', payload: null, priority: 900, max_attempts: 7, namespace: 'other' },
    ].map(line => JSON.stringify(line))
    const { code, out } = await user.run(['publish', '--batch', '-'], { stdin: `${lines.join('\n')}\n\n` })
    const ids = out.trim().split('\n')
    expect([code, ids.length]).toEqual([0, 2])
    expect((await bus.admin.get(`/admin/intents/${ids[1]}`)).json).toMatchObject({
      max_attempts: 7,
      namespace: 'other',
    })
    const wrong = await user.run(['publish', '--batch', '-'], { stdin: `${lines[0]}\nnonsense\n` })
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('line 2 takes JSON')])
    expect(wrong.err).not.toMatch(/--text|Quote/)
    const refused = await user.run(['publish', '--batch', '-'], { stdin: '{"goal": "", "payload": 1}' })
    expect([refused.code, refused.err]).toEqual([6, expect.stringContaining('line 1: goal')])
  })

  test('--batch refuses a field that is misspelt, and tells of one that is none', async () => {
    const misspelt = await user.run(['publish', '--batch', '-'], {
      stdin: '{"goal":"a"}\n{"goal":"b","max_attempt":1}\n',
    })
    expect([misspelt.code, misspelt.out]).toEqual([2, ''])
    expect(misspelt.err).toContain(
      'line 2: "max_attempt" is no field of an intent. Did you mean max_attempts?',
    )
    const stdin = '{"goal":"a","ticket":1}\n{"goal":"b","ticket":2,"maxAttempts":1}\n'
    const extra = await user.run(['publish', '--batch', '-'], { stdin })
    expect([extra.code, extra.out.trim().split('\n').length, extra.err]).toEqual([
      0,
      2,
      'line 1: "ticket" is no field of an intent, and is ignored wherever it stands.\n',
    ])
    const { PublishBody } = (await bus.admin.get('/openapi.json')).json.components.schemas
    expect([...Object.keys(PublishBody.properties), 'idempotency_key'].toSorted()).toEqual(FIELDS.toSorted())
  })

  test('--batch names the line the bus refused, and says how many are published', async () => {
    const lines = Array.from({ length: 1200 }, (_, i) => JSON.stringify({ goal: i === 1003 ? '' : 'g' }))
    lines.splice(3, 0, '', '')
    const { code, err, out } = await user.run(['publish', '--batch', '-'], { stdin: lines.join('\r\n') })
    expect(code).toBe(6)
    expect(err).toContain('line 1006: goal')
    expect(err).toContain('1000 of 1200 are published.')
    expect(out.trim().split('\n')).toHaveLength(1000)
  })

  test('--batch takes a file of Windows, and nothing that it would not use', async () => {
    const cwd = emptyDir()
    writeFileSync(join(cwd, 'jobs.txt'), '\ufeff{"goal":"b","payload":1}\r\n')
    expect((await user.run(['publish', '--batch', 'jobs.txt'], { cwd })).code).toBe(0)
    for (const more of [['greet'], ['--priority', '5'], ['--wait']]) {
      expect(await user.run(['publish', '--batch', 'jobs.txt', ...more], { cwd })).toMatchObject({
        code: 2,
        err: expect.stringContaining('would be ignored'),
      })
    }
  })

  test('--batch with an issued key waits for the rate limit instead of being refused', async () => {
    const strict = await busForTest({ BUS_RATE_LIMIT: '60', BUS_RATE_WINDOW_SECONDS: '1' })
    const { json } = await strict.admin.post('/admin/generate_key', { owner: 'Ada' })
    const stdin = '{"goal": "mail", "payload": null}\n'.repeat(61)
    const batch = userOf(strict.url, { BUS_API_KEY: json.api_key }).start(['publish', '--batch', '-'], {
      stdin,
    })
    while (!(await strict.metric('intent_bus_rate_limited_total'))) await new Promise(setImmediate)
    await strict.clock.advance(1000)
    const { code, out, err } = await batch.ended
    // That it waits is for whoever sits at a terminal.
    expect([code, out.trim().split('\n').length, err]).toEqual([0, 61, ''])
  })
})

describe('status and result', () => {
  test('show the intent, for people and as JSON with the names of the wire', async () => {
    const id = await bus.master.publish({ goal: 'greet' })
    expect((await user.run(['status', id])).out).toMatch(/^id +[0-9a-f]{32}\nstatus +open\ngoal +greet\n/)
    expect(await user.json('status', id)).toEqual(await bus.master.status(id))
  })

  test('print a JSON result as JSON and a text as it is', async () => {
    const json = await bus.master.claimed()
    await bus.master.fulfil(json, { result: [1] })
    expect((await user.run(['result', json.id])).out).toBe('[\n  1\n]\n')
    const text = await bus.master.claimed()
    await bus.master.fulfil(text, { result: 'as it is', result_type: 'text' })
    expect((await user.run(['result', text.id])).out).toBe('as it is\n')
  })

  test('end with a code of their own for what is dead, has not ended, or is not there', async () => {
    const dead = await bus.master.claimed({ max_attempts: 1 })
    await bus.master.fail(dead, { error: 'no paper' })
    const open = await bus.master.publish()
    expect(await user.run(['result', dead.id])).toMatchObject({
      code: 1,
      out: '',
      err: 'It is dead after 1 attempt: no paper\n',
    })
    expect(await user.run(['result', open])).toMatchObject({ code: 7, out: '' })
    expect(await user.run(['status', '0'.repeat(32)])).toMatchObject({ code: 5 })
  })

  test('show no control characters of somebody else’s', async () => {
    const id = await bus.master.publish({ goal: 'evil\u001b[2J', payload: 'evil\u009b2J' })
    expect((await user.run(['status', id])).out).not.toContain('\u001b')
    const [claim] = (await bus.master.post('/claim?max=1')).json.intents
    await bus.master.fail(claim, {})
    await bus.admin.post(`/admin/intents/${id}/cancel`)
    expect(steering((await user.run(['dead', 'show', id])).out)).toEqual([])
  })

  test('nor of an answer that is an error, or no bus’s', async () => {
    const evil = createServer((_request, response) => response.end('\u001b[2J\u009b2J'))
    await new Promise<void>(resolve => evil.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void evil.close())
    const env = { BUS_URL: `http://127.0.0.1:${(evil.address() as AddressInfo).port}` }
    for (const args of [['status', '1'.repeat(32), '--timeout', '5'], ['doctor']]) {
      const { out, err } = await user.run(args, { env })
      expect(out + err).toContain('Something other than an Intent Bus answers')
      expect(steering(out + err)).toEqual([])
    }
  })
})

test('every time takes a unit, and a plain number is seconds', async () => {
  expect((await user.run(['kv', 'set', 'a', 'b', '--ttl', '1d'])).code).toBe(0)
  expect(await user.run(['kv', 'set', 'a', 'b', '--ttl', '2d'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('a time from 1 s to 1 d: 1d, 12h, 30m, or a number of seconds.'),
  })
  expect((await user.run(['dead', 'list', '--older-than', '1d'])).code).toBe(0)
  const delayed = async (...delay: string[]) => {
    const { out } = await user.run(['publish', 'later', '1', ...delay])
    const { run_at, created_at } = (await bus.admin.get(`/admin/intents/${out.trim()}`)).json
    return run_at - created_at
  }
  expect(await delayed('--delay', '1.5h')).toBeCloseTo(5400)
  expect(await delayed('--delay', '2w')).toBeCloseTo(1_209_600)
  expect(await delayed('--delay', '0.5')).toBeCloseTo(0.5)
})

test('values are kept and read back; one that is not there ends with 5', async () => {
  expect(await user.run(['kv', 'set', 'a key', 'a value', '--ttl', '60'])).toMatchObject({ code: 0, out: '' })
  expect((await user.run(['kv', 'set', 'piped', '-'], { stdin: 'two\nlines\n' })).code).toBe(0)
  expect((await user.run(['kv', 'get', 'a key'])).out).toBe('a value\n')
  expect(await user.json('kv', 'get', 'piped')).toEqual({ key: 'piped', value: 'two\nlines\n' })
  expect(await user.run(['kv', 'get', 'none'])).toMatchObject({ code: 5, out: '' })
  const { err } = await user.run(['--json', 'kv', 'get', 'none'])
  expect(JSON.parse(err).error.code).toBe('not_found')
})

test('a key is made, listed without itself, used, and revoked by number or from stdin', async () => {
  const key = (await user.run(['keys', 'create', 'Ada’s phone'])).out.trim()
  expect(key).toMatch(/^tk_/)
  const [listed] = await user.json('keys', 'list')
  expect(listed).toMatchObject({ owner: 'Ada’s phone', open_intents: 0 })
  expect((await user.run(['keys', 'list'])).out).not.toContain(key)
  expect((await user.run(['publish', 'x', '1'], { env: { BUS_API_KEY: key } })).code).toBe(0)
  expect((await user.run(['keys', 'revoke', `${listed.key_id}`])).out).toContain(
    `Revoked key ${listed.key_id} (Ada’s phone). 1 job that it published is still open.`,
  )
  expect((await user.run(['publish', 'x', '1'], { env: { BUS_API_KEY: key } })).code).toBe(4)
  expect((await user.run(['keys', 'revoke', `${listed.key_id}`])).code).toBe(5)
  const other = (await user.run(['keys', 'create', 'b'])).out.trim()
  expect(await user.run(['keys', 'revoke', '-'], { stdin: `${other}\n` })).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Revoked key \d+ \(b\)\.\n$/),
  })
  expect((await user.run(['keys', 'revoke', other])).err).toContain(
    'a key on the command line is seen by others',
  )
})

describe('dead letters', () => {
  async function die(goal: string, count: number): Promise<string[]> {
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      const claim = await bus.master.claimed({ goal, max_attempts: 1 })
      await bus.master.fail(claim, { error: 'no paper' })
      ids.unshift(claim.id)
    }
    return ids
  }

  test('are listed newest first, by filter, and shown with their payload', async () => {
    const broken = await die('broken', 2)
    await die('other', 1)
    expect(
      (await user.json('dead', 'list', '--goal', 'broken')).map(
        (each: { intent_id: string }) => each.intent_id,
      ),
    ).toEqual(broken)
    expect(await user.json('dead', 'list', '--limit', '1')).toHaveLength(1)
    expect(await user.json('dead', 'list', '--older-than', '3600')).toEqual([])
    expect((await user.run(['dead', 'list', '--goal', 'broken'])).out).toMatch(
      /^id +died +attempts +namespace +goal +worker +reason +last error\n.* - +no paper +no paper\n/,
    )
    expect((await user.run(['dead', 'show', broken[0]!])).out).toMatch(/last error +no paper\npayload +\{\}/)
  })

  test('name the worker that had them last, in a list and alone', async () => {
    await bus.master.publish({ goal: 'named', max_attempts: 1 })
    const claim = (await bus.master.claim('?goal=named&worker_id=pi-1'))!
    await bus.master.fail(claim, { error: 'no paper' })
    expect((await user.run(['dead', 'list', '--goal', 'named'])).out).toMatch(/ named +pi-1 +no paper/)
    expect((await user.run(['dead', 'show', claim.id])).out).toMatch(/^worker +pi-1$/m)
  })

  test('are listed since a time, and by dead alone', async () => {
    const [early] = await die('timed', 1)
    await bus.clock.advance(7_200_000)
    const [late] = await die('timed', 1)
    const listed = async (...args: string[]) =>
      (await user.json('dead', ...args)).map(({ intent_id }: { intent_id: string }) => intent_id)
    expect(await listed('list', '--since', '1h')).toEqual([late])
    expect(await listed('--since', '3h')).toEqual([late, early])
    expect(await user.json('dead', 'retry', '--since', '1h', '--yes')).toMatchObject({ done: 1 })
    expect(await listed()).toEqual([early])
    expect((await user.run(['dead', 'lsit'])).err).toContain('There is no command "dead lsit".')
  })

  test('are told as they come by --follow, the oldest first, each once, and again when it died again', async () => {
    await die('before', 1)
    for (const [args, first] of [
      [['dead', '--follow', '--since', '1h'], / before \(default\) +1 attempt +- +no paper$/],
      [
        ['--json', 'dead', 'list', '-f', '--since', '1h'],
        /^{"intent_id":"[0-9a-f]{32}","namespace":"default","goal":"before"/,
      ],
    ] as const) {
      const following = user.start(args)
      const told = () => following.out().trimEnd().split('\n')
      const until = async (count: number) => {
        while (told().length < count || told()[0] === '')
          await new Promise(resolve => setTimeout(resolve, 20))
      }
      await until(1)
      expect(told()[0]).toMatch(first)
      const [two, one] = await die('fresh', 2)
      await until(3)
      expect(
        told()
          .slice(1)
          .map(line => [one, two].findIndex(id => line.includes(id!))),
      ).toEqual([0, 1])
      await bus.admin.post(`/admin/intents/${one}/retry`)
      await bus.clock.advance(1000)
      await bus.admin.post(`/admin/intents/${one}/cancel`)
      await until(4)
      expect(told()[3]).toMatch(new RegExp(`${one}.*Cancelled by admin`))
      following.child.kill('SIGINT')
      expect((await following.ended).err).toBe('')
      await bus.admin.post('/admin/purge', { confirm: true })
      await die('before', 1)
    }
  })

  test('are retried and dropped only with --yes; without, it says which', async () => {
    const broken = await die('broken', 12)
    const dry = await user.run(['dead', 'retry', '--goal', 'broken'])
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('This would retry 12 dead intents.') })
    expect(dry.err).toContain('and 2 more')
    expect((await bus.master.status(broken[0]!)).status).toBe('dead')
    expect((await user.run(['dead', 'retry', '--goal', 'broken', '--yes'])).out).toBe('Opened again: 12.\n')
    expect((await bus.master.status(broken[0]!)).status).toBe('open')
  })

  test('that are no more are told one by one, and the rest is done', async () => {
    const [one] = await die('broken', 1)
    const { code, out, err } = await user.run(['dead', 'drop', one!, '0'.repeat(32), '--yes'])
    expect([code, out]).toEqual([1, 'Dropped: 1.\n'])
    expect(err).toContain('0'.repeat(32))
    expect((await bus.master.get(`/status/${one}`)).status).toBe(404)
  })

  test('that match nothing are no failure, and are told apart from those that do', async () => {
    await die('broken', 1)
    for (const more of [[], ['--yes']]) {
      expect(await user.run(['dead', 'retry', '--goal', 'borken', ...more])).toMatchObject({
        code: 0,
        out: 'There are none that match.\n',
      })
    }
  })

  test('of which the second five hundred meet a bus that has had enough are counted all the same', async () => {
    let asked = 0
    const half = createServer((incoming, outgoing) => {
      asked += 1
      outgoing.setHeader('x-intent-version', '7.61')
      let body = ''
      incoming.on('data', chunk => (body += chunk))
      incoming.on('end', () => {
        if (asked > 1)
          return void outgoing.writeHead(401).end('{"error":{"code":"unauthorized","message":"no"}}')
        const items = JSON.parse(body).ids.map((id: string) => ({ id, ok: true }))
        outgoing.end(JSON.stringify({ items }))
      })
    })
    await new Promise<void>(resolve => half.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void half.close())
    const env = { BUS_URL: `http://127.0.0.1:${(half.address() as AddressInfo).port}` }
    const ids = Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(32, '0'))
    const { code, out, err } = await user.run(['--json', 'dead', 'drop', '--yes', ...ids], { env })
    expect([code, JSON.parse(out)]).toEqual([4, { done: 500, refused: [], left: 100 }])
    expect(JSON.parse(err).error.code).toBe('unauthorized')
  })

  test('are not retried all at once by mistake', async () => {
    await die('broken', 1)
    expect(await user.run(['dead', 'drop', '--yes'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Or --all.'),
    })
    expect((await user.run(['dead', 'drop', '--all', '--yes'])).out).toBe('Dropped: 1.\n')
  })
})

describe('list', () => {
  test('has no stray comma for a worker without a name', async () => {
    await bus.master.claimed({ goal: 'nameless' })
    const { out } = await user.run(['list', '--goal', 'nameless'])
    expect(out).toMatch(/nameless +lease ends in \d+ s\n$/)
  })

  test('says newest first what lies open, who has what, and what became of it', async () => {
    const { master } = bus
    const done = await master.claimed({ goal: 'listed' })
    await master.fulfil(done)
    await master.publish({ goal: 'listed' })
    const held = (await master.claim('?goal=listed&worker_id=pi-1'))!
    await master.post(`/progress/${held.id}`, { claim_token: held.claim_token, progress: 40 })
    const later = await master.publish({ goal: 'listed', delay: 3600 })
    const aimed = await master.publish({ goal: 'listed', target_worker: 'shed' })
    const { code, out, err } = await user.run(['list', '--goal', 'listed'])
    expect([code, err]).toEqual([0, ''])
    const [head, ...lines] = out.trimEnd().split('\n')
    expect(head).toMatch(/^id +status +published +attempts +namespace +goal +what now$/)
    for (const [i, [id, rest]] of [
      [aimed, /open .* 0\/3 .*ready, for worker shed, only key master$/],
      [later, /open .*due in 60 min, only key master$/],
      [held.id, /claimed .* 1\/3 .*pi-1, 40 %, lease ends in \d+ s/],
      [done.id, /fulfilled .*done .* ago$/],
    ].entries() as Iterable<[number, [string, RegExp]]>) {
      expect(lines[i]).toMatch(rest)
      expect(lines[i]!.startsWith(id)).toBe(true)
    }
    expect(await user.json('list', '--goal', 'listed', '--status', 'delayed')).toMatchObject([{ id: later }])
    const few = await user.run(['list', '--goal', 'listed', '--limit', '3'])
    expect(few.err).toContain('more')
    expect(few.out.trimEnd().split('\n')).toHaveLength(4)
  })

  test('says of each that is open who may take it', async () => {
    const { master } = bus
    const ann = await bus.issue('ann')
    await ann.publish({ goal: 'bound', required_capability: 'photo', target_worker: 'barn' })
    await ann.publish({ goal: 'bound', visibility: 'public' })
    await master.publish({ goal: 'bound' })
    const { out } = await user.run(['list', '--goal', 'bound'])
    expect(out).toMatch(
      / ready, only key master\n.* ready, any key\n.* ready, for worker barn, needs capability photo, only key tk_\S+… \(ann\)\n$/,
    )
  })

  test('has times with their zone', async () => {
    await bus.master.publish({ goal: 'when' })
    const listed = async (TZ: string) => (await user.run(['list', '--goal', 'when'], { env: { TZ } })).out
    expect(await listed('UTC')).toMatch(/ \d\d:\d\d:\d\d UTC /)
    expect(await listed('Asia/Kolkata')).toMatch(/ \d\d:\d\d:\d\d \+05:30 /)
    expect(await listed('America/St_Johns')).toMatch(/ \d\d:\d\d:\d\d -0[23]:30 /)
  })

  test('that finds nothing says so, and a state there is not names those there are', async () => {
    expect((await user.run(['list', '--goal', 'none of these'])).out).toBe('There are none.\n')
    expect(await user.run(['list', '--status', 'lost'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('open, ready, delayed, claimed, fulfilled, dead'),
    })
  })
})

test('a text is broken between words, as wide as there is room', () => {
  expect(wrapped('one two three', 8, 2)).toBe('one two\n  three')
  expect(wrapped('https://a.long.word/ x', 8, 2)).toBe('https://a.long.word/\n  x')
})

test('watch prints a line at each look where there is no terminal', async () => {
  await bus.master.publish()
  const { out } = await user.run(['watch', '--count', '2', '--interval', '0.1'])
  expect(out.trim().split('\n')).toEqual([
    expect.stringMatching(/^1 open, 0 claimed, 0 dead, 0 workers waiting/),
    expect.stringMatching(/^1 open, 0 claimed, 0 dead, 0 workers waiting/),
  ])
  expect(await user.json('watch', '--count', '1')).toMatchObject({ intents: { open: 1 } })
})

test('intents are cancelled, each for itself', async () => {
  const id = await bus.master.publish()
  const { code, out, err } = await user.run(['cancel', id, '0'.repeat(32)])
  expect([code, out]).toEqual([5, `${id} is dead\n`])
  expect(err).toContain('Intent not found.')
  expect(await bus.master.status(id)).toMatchObject({ status: 'dead', last_error: 'Cancelled by admin' })
})

test('help is there for a command within a command', async () => {
  expect((await user.run(['help', 'dead', 'retry'])).out).toMatch(/^Usage: intent-bus dead retry/)
  expect((await user.run(['help'])).out).toMatch(/^Usage: intent-bus \[options\]/)
})

describe('what goes wrong', () => {
  test.each([
    ['a command there is not', ['publsh'], 2, 'Did you mean publish?'],
    ['an option there is not', ['status', '--wiat'], 2, '--wiat'],
    ['an argument that is missing', ['status'], 2, 'id'],
    ['a number out of range', ['publish', 'x', '--priority', '1001'], 2, 'a whole number from 0 to 1000'],
    [
      'a number that has no end',
      ['publish', 'x', '--delay', 'Infinity'],
      2,
      'a time: 90d, 1d, 12h, or a number of seconds.',
    ],
    [
      'what cannot be an id',
      ['status', 'abc'],
      2,
      'An id is 32 hex digits (0-9, a-f), as publish prints it, or its first 12 or more; it got "abc".',
    ],
    ['the same in a list', ['dead', 'drop', '1'.repeat(32), 'abc', '--yes'], 2, 'it got "abc"'],
    ['help for a command there is not', ['help', 'dead', 'retyr'], 2, 'There is no command "dead retyr".'],
    ['a goal that is missing', ['publish'], 2, 'publish takes a GOAL'],
  ])('%s is told, and ends with its code', async (_what, args, code, message) => {
    expect(await user.run(args)).toMatchObject({ code, err: expect.stringContaining(message), out: '' })
  })

  test.each([
    ['a command there is not', ['publsh'], 'intent-bus help shows what there is.'],
    ['an option of a command', ['status', '--wiat'], 'intent-bus help status shows what it takes.'],
    [
      'a command within a command',
      ['dead', 'list', '--gaol'],
      'intent-bus help dead list shows what it takes.',
    ],
  ])('%s is told as every error is, with the help for it', async (_what, args, help) => {
    const { err } = await user.run(args)
    expect(err).toMatch(/^error: unknown .*\n.*\n$/)
    expect(err.split('\n')[1]).toBe(help)
    const asJson = JSON.parse((await user.run(['--json', ...args])).err).error
    expect(asJson).toMatchObject({ code: 'usage', way_out: help })
  })

  test('a hint is to be typed as the command was: with npx, where npx ran it', async () => {
    const env = { npm_command: 'exec' }
    expect((await user.run(['status', 'abc', '--wiat'], { env })).err).toContain(
      '\nnpx intent-bus help status',
    )
    expect((await user.run(['help', 'dead', 'retry'], { env })).out).toMatch(
      /^Usage: npx intent-bus dead retry/,
    )
  })

  test('a bus that is not there', async () => {
    const env = { BUS_URL: 'http://127.0.0.1:9', BUS_API_KEY: 'k' }
    const { code, err } = await start(['status', '1'.repeat(32)], { env }).ended
    expect([code, err]).toEqual([3, expect.stringContaining('intent-bus doctor')])
  })

  test('no key, a wrong one, no admin token', async () => {
    expect(await start(['status', '1'.repeat(32)], { env: { BUS_URL: bus.url } }).ended).toMatchObject({
      code: 2,
      err: expect.stringContaining('Set BUS_API_KEY'),
    })
    const wrong = await user.run(['status', '1'.repeat(32)], { env: { BUS_API_KEY: 'tk_wrong' } })
    expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining('keys create') })
    expect(wrong.err).toContain('it came from BUS_API_KEY.')
    expect(wrong.err).not.toContain('tk_wrong')
    const env = { BUS_ADMIN_TOKEN: 'not-that' }
    const { code, err } = await user.run(['keys', 'list'], { env })
    expect([code, err]).toEqual([
      4,
      expect.stringContaining('another admin token; this one came from BUS_ADMIN_TOKEN.'),
    ])
    expect(err).not.toMatch(/Set BUS_ADMIN_TOKEN|not-that/)
  })

  test('with --json it is JSON on stderr', async () => {
    const { code, err } = await user.run(['--json', 'status', '0'.repeat(32)])
    expect([code, JSON.parse(err)]).toEqual([
      5,
      { error: { code: 'not_found', message: 'Intent not found.' } },
    ])
  })
})

test('a bus that requires signatures is used with --sign, or BUS_SIGN', async () => {
  const strict = await busForTest({ BUS_REQUIRE_SIGNATURES: 'true' })
  strict.wallAheadMs = Date.now() - strict.clock.now()
  const signer = userOf(strict.url)
  const refused = await signer.run(['publish', 'x', '1'])
  expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('--sign') })
  expect((await signer.run(['publish', 'x', '1', '--sign'])).code).toBe(0)
  expect((await signer.run(['publish', 'x', '1'], { env: { BUS_SIGN: 'true' } })).code).toBe(0)
  expect((await signer.run(['publish', 'x', '1'], { env: { BUS_SIGN: 'yes' } })).err).toContain(
    'BUS_SIGN takes true or false',
  )
})

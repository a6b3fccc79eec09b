import { once } from 'node:events'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import { defaultDocument } from '../../config/default-document.ts'
import { operationsIn } from '../openapi/outcomes.ts'
import { ADMIN_TOKEN, busForFile, MASTER } from '../support/bus.ts'
import { type Claim, refusal } from '../support/client.ts'
import { answerOn, open, rawCall } from '../support/raw.ts'

const bus = await busForFile()
const { master } = bus
const KIB = 1024

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

/** Every route that takes a POST, with what an empty body means to it; `:id` stands for a claimed intent. */
const POSTS: [path: string, status: number, says: string][] = [
  ['/intent', 400, 'Missing goal: it takes'],
  ['/claim', 204, ''],
  ['/extend_claim/:id', 400, 'Missing claim_token'],
  ['/fulfill/:id', 400, 'Missing claim_token'],
  ['/fail/:id', 400, 'Missing claim_token'],
  ['/set/key', 400, 'Missing value'],
  ['/admin/generate_key', 201, '"owner":"anonymous"'],
  ['/admin/revoke_key', 400, 'Missing api_key'],
  ['/admin/purge', 400, 'confirm'],
  ['/admin/cleanup', 200, '"ok":true'],
  ['/admin/intents/:id/cancel', 200, '"status":"dead"'],
  ['/admin/intents/:id/retry', 404, 'Nothing to retry'],
  ['/admin/dead/retry', 400, 'Missing ids'],
  ['/admin/dead/drop', 400, 'Missing ids'],
]
/** Every call that reads a body, as the document has it. */
const READERS = operationsIn(defaultDocument())
  .filter(({ own }) => own.includes('invalid_payload'))
  .map(({ path }) => path.replace('{key}', 'key'))
const everybody = master.with({ 'x-admin-token': ADMIN_TOKEN })

const raw = (path: string, headers: string, body: string | Buffer = '') => {
  const head = `POST ${path} HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\nX-Admin-Token: ${ADMIN_TOKEN}\r\n`
  return rawCall(bus.port, Buffer.concat([Buffer.from(`${head}${headers}\r\n`), Buffer.from(body)]))
}

describe('an empty body is read as no fields', () => {
  test.each(POSTS)('POST %s with a JSON content type: %d', async (path, status, says) => {
    const answer = await everybody.post(path.replace(':id', (await master.claimed()).id), '')
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(says)
    if (status >= 400) refusal(answer)
  })

  test.each(POSTS)(
    'POST %s as curl sends it, without Content-Length or type: %d',
    async (path, status, says) => {
      const answer = await raw(path.replace(':id', (await master.claimed()).id), '')
      expect(answer.status).toBe(status)
      expect(answer.text).toContain(says)
      if (status >= 400) refusal(answer)
    },
  )
})

test('of a body that is no JSON after its first MiB the byte is told', async () => {
  const body = `{"intents":[],"x":"${'x'.repeat(2 * 1024 * 1024)}"`
  const { message } = refusal(await master.post('/intents', body))
  expect(message).toContain(`it ends too early, at byte ${body.length}.`)
})

describe('what is no JSON is refused with where it stops being some, and nothing of it', () => {
  test.each([
    ['{"goal": "work"', 'at line 1, column 16.'],
    ['{"goal":\n "work",}', 'a name in double quotes is expected, at line 2, column 9.'],
    ['{"goal": "é" secret}', '\\"s\\" where a comma or } is expected, at line 1, column 14.'],
    ['{"goal": secret}', '\\"s\\" where a value is expected, at line 1, column 10.'],
    ['{"goal":1} secret', '\\"s\\" where the end is expected, at line 1, column 12.'],
    ['{"goal":"\n"}', 'an escaped character is expected, at line 1, column 10.'],
    ['nul', 'it ends too early, at line 1, column 4.'],
    ['{"goal":NaN}', '\\"N\\" where a value is expected, at line 1, column 9.'],
  ])('%s', async (body, where) => {
    const answer = await master.post('/intent', body)
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.text).toContain(where)
    expect(answer.text).not.toMatch(/secret|NaN/)
  })
})

test.each([
  ['GET', '/intent', '; it takes POST.'],
  ['POST', '/health', '; it takes GET.'],
  ['GET', '/nothing', 'for GET.'],
])('%s %s is 404, and says what would be taken', async (method, path, says) => {
  const answer = await fetch(bus.url + path, { method, headers: { 'x-api-key': MASTER } })
  expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining(says)])
})

test('an API key in Authorization is told where it belongs', async () => {
  const answer = await bus.nobody.with({ authorization: `Bearer ${MASTER}` }).post('/claim')
  expect(refusal(answer)).toMatchObject({
    status: 401,
    message: expect.stringMatching(/^Missing API key: .*X-API-KEY/),
  })
})

describe('a claim does not look at its body', () => {
  test.each([
    ['no body and no Content-Length', '', ''],
    ['an empty chunked body', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['an object', 'Content-Type: application/json\r\nContent-Length: 16\r\n', '{"gaol":"other"}'],
    ['an array', 'Content-Type: application/json\r\nContent-Length: 2\r\n', '[]'],
    ['unparsable text', 'Content-Type: application/json\r\nContent-Length: 3\r\n', '{,}'],
    [
      'bytes that are not UTF-8',
      'Content-Type: application/json\r\nContent-Length: 2\r\n',
      Buffer.from([0xff, 0xfe]),
    ],
    ['a form', 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n', 'goal=oth'],
    ['a content type that is none', 'Content-Type: ;;\r\nContent-Length: 1\r\n', 'x'],
  ])('%s', async (_what, headers, body) => {
    const id = await master.publish()
    const answer = await raw('/claim', headers, body)
    expect(answer.status).toBe(200)
    expect(answer.json.id).toBe(id)
  })
})

describe('what is not a JSON object is refused', () => {
  const publish = (rest: string) => `{"goal":"work","payload":${rest}`
  const UNPARSABLE: [what: string, body: string | Buffer][] = [
    ['nothing but white space', ' \n'],
    ['a text that ends early', publish('1')],
    ['a trailing comma', publish('1,}')],
    ['two values', `${publish('1}')}{}`],
    ['single quotes', "{'goal':'work','payload':1}"],
    ['a comment', publish('1/**/}')],
    ['NaN', publish('NaN}')],
    ['Infinity', publish('Infinity}')],
    ['-Infinity', publish('[-Infinity]}')],
    ['undefined', publish('undefined}')],
    ['a leading zero', publish('01}')],
    ['a line break inside a string', publish('"a\nb"}')],
    ['a NUL inside a string', publish('"a\0b"}')],
    ['a NUL after the end', `${publish('1}')}\0`],
    ['a broken escape', publish('"\\ud80"}')],
    ['a byte order mark', `\ufeff${publish('1}')}`],
    ['UTF-16', Buffer.from(publish('1}'), 'utf16le')],
    ['Latin-1', Buffer.from(publish('"é"}'), 'latin1')],
    ['a surrogate as UTF-8', Buffer.from(publish('"\xed\xa0\x80"}'), 'latin1')],
    ['an overlong slash', Buffer.from(publish('"\xc0\xaf"}'), 'latin1')],
    ['a field that stands twice', publish('1,"priority":1,"priority":2}')],
    ['a field that stands twice, once escaped', publish('1,"\\u0067oal":"other"}')],
    ['a form', 'goal=work&payload=1'],
    ['an XML document', '<goal>work</goal>'],
  ]

  test.each(UNPARSABLE)('%s: 400 invalid_request', async (_what, body) => {
    expect(refusal(await master.post('/intent', body))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
    expect(await master.claim()).toBeNull()
  })

  test.each(['[]', '[{"goal":"work","payload":1}]', '"text"', '1', 'null', 'true', ' [ ] '])(
    '%s: 400 invalid_payload',
    async body => {
      expect(refusal(await master.post('/intent', body))).toMatchObject({
        status: 400,
        code: 'invalid_payload',
      })
    },
  )

  test.each(READERS)('on POST %s as well, and the intent is as it was', async path => {
    const { id } = await master.claimed()
    for (const [body, code] of [
      ['{,}', 'invalid_request'],
      ['[]', 'invalid_payload'],
    ] as const) {
      const answer = await everybody.post(path.replace('{id}', id), body)
      expect(refusal(answer)).toMatchObject({ status: 400, code })
    }
    expect(await master.status(id)).toMatchObject({ status: 'claimed', claim_attempts: 1 })
  })
})

describe('the body is read as JSON, whatever its headers call it', () => {
  const BODY = '{"goal":"work","payload":"é"}'
  test.each([
    'application/json; charset=utf-8',
    'text/plain',
    'application/x-www-form-urlencoded',
    'nonsense',
    ';;',
  ])('Content-Type: %s', async type => {
    const { status } = await master.post('/intent', BODY, { 'content-type': type })
    expect(status).toBe(201)
    expect(await master.claim()).toMatchObject({ payload: 'é' })
  })

  test('no Content-Type, and in chunks that split a character', async () => {
    const bytes = Buffer.from(BODY)
    const cut = bytes.indexOf(0xa9)
    const chunk = (part: Buffer) =>
      Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
    const chunks = [chunk(bytes.subarray(0, cut)), chunk(bytes.subarray(cut)), Buffer.from('0\r\n\r\n')]
    const { status } = await raw('/intent', 'Transfer-Encoding: chunked\r\n', Buffer.concat(chunks))
    expect(status).toBe(201)
    expect(await master.claim()).toMatchObject({ payload: 'é' })
  })

  test.each<[what: string, body: Uint8Array, headers: Record<string, string>, says: string]>([
    ['gzip', gzipSync(BODY), { 'content-encoding': 'gzip' }, 'Content-Encoding is "gzip"'],
    ['gzip that does not say so', gzipSync(BODY), {}, 'compressed (gzip)'],
    ['zstd', zstdCompressSync(BODY), {}, 'compressed (zstd)'],
    ['zlib', deflateSync(BODY), {}, 'compressed (zlib)'],
    ['a byte order mark', Buffer.from(`\ufeff${BODY}`), {}, 'byte order mark'],
    ['UTF-16', Buffer.from(BODY, 'utf16le'), {}, 'UTF-16'],
    ['UTF-16 with its mark', Buffer.from(`\ufeff${BODY}`, 'utf16le'), {}, 'UTF-16'],
    ['UTF-16, the other way round', Buffer.from(BODY, 'utf16le').swap16(), {}, 'UTF-16'],
    ['Latin-1', Buffer.from(BODY, 'latin1'), {}, 'not UTF-8'],
  ])('a body in %s is 400, and the message says what it is', async (_what, body, headers, says) => {
    const answer = await master.post('/intent', body, headers)
    expect(refusal(answer)).toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: expect.stringContaining(says),
    })
  })

  test('a Content-Encoding that is none, or that does not hold, changes nothing', async () => {
    for (const encoding of ['identity', 'gzip']) {
      expect((await master.post('/intent', BODY, { 'content-encoding': encoding })).status).toBe(201)
    }
  })

  test('a Content-Length that is no number is 400', async () => {
    expect(refusal(await raw('/intent', 'Content-Length: x\r\n', BODY))).toMatchObject({ status: 400 })
  })
})

describe('a text outside payload and result has no lone surrogate and no NUL', () => {
  const SPOTS: [spot: string, path: string, fields: object, code: string][] = [
    ['goal', '/intent', { goal: 'BAD', payload: 1 }, 'invalid_goal'],
    ['namespace', '/intent', { goal: 'work', payload: 1, namespace: 'BAD' }, 'invalid_namespace'],
    ['target_worker', '/intent', { goal: 'work', payload: 1, target_worker: 'BAD' }, 'invalid_target_worker'],
    [
      'required_capability',
      '/intent',
      { goal: 'work', payload: 1, required_capability: 'BAD' },
      'invalid_required_capability',
    ],
    ['value', '/set/key', { value: 'BAD' }, 'invalid_request'],
    ['owner', '/admin/generate_key', { owner: 'BAD' }, 'invalid_request'],
    ['api_key', '/admin/revoke_key', { api_key: 'BAD' }, 'invalid_request'],
    ['namespace to purge', '/admin/purge', { confirm: true, namespace: 'BAD' }, 'invalid_namespace'],
    ['error', '/fail/:id', { claim_token: 'TOKEN', error: 'BAD' }, 'invalid_request'],
    [
      'text result',
      '/fulfill/:id',
      { claim_token: 'TOKEN', result: 'BAD', result_type: 'text' },
      'invalid_result',
    ],
    ['result_type', '/fulfill/:id', { claim_token: 'TOKEN', result_type: 'BAD' }, 'invalid_result_type'],
  ]
  const bad = ['\\ud800', '\\udc00', '\\udc00\\ud800', '\\u0000']

  test.each(SPOTS)('%s', async (_spot, path, fields, code) => {
    const claim = await master.claimed()
    for (const escaped of bad) {
      const body = JSON.stringify(fields).replace('BAD', `a${escaped}b`).replace('TOKEN', claim.claim_token)
      const answer = await everybody.post(path.replace(':id', claim.id), body)
      const message = expect.stringMatching(/ NUL|half of a surrogate pair/)
      expect(refusal(answer)).toEqual({ status: 400, code, message })
    }
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
  })
})

describe('nesting', () => {
  const inArrays = (leaf: string, depth: number) => '['.repeat(depth) + leaf + ']'.repeat(depth)
  const inObjects = (leaf: string, depth: number) => '{"a":'.repeat(depth) + leaf + '}'.repeat(depth)
  const publish = (payload: string) => master.post('/intent', `{"goal":"work","payload":${payload}}`)
  const fulfil = ({ id, claim_token }: Claim, result: string) =>
    master.post(`/fulfill/${id}`, `{"claim_token":"${claim_token}","result":${result}}`)

  test.each([
    ['arrays', inArrays],
    ['objects', inObjects],
  ])(
    'in %s: a leaf at depth 10 passes in payload and result, at 11 it is 400 invalid_payload',
    async (_what, nest) => {
      for (const leaf of ['1', '"a"', 'null', '[]', '{}', '"[[[[]]]]{{{"']) {
        expect((await publish(nest(leaf, 10))).status).toBe(201)
        expect(refusal(await publish(nest(leaf, 11)))).toMatchObject({ status: 400, code: 'invalid_payload' })
        const claim = (await master.claim())!
        expect(JSON.stringify(claim.payload)).toBe(nest(leaf, 10))
        const refused = await fulfil(claim, nest(leaf, 11))
        expect(refusal(refused)).toMatchObject({ status: 400, code: 'invalid_payload' })
        expect((await fulfil(claim, nest(leaf, 10))).status).toBe(200)
      }
    },
  )

  test('a deep branch counts wherever it stands, and breadth does not', async () => {
    expect((await publish(`[${'[],'.repeat(100)}1]`)).status).toBe(201)
    expect(refusal(await publish(`[1,${inArrays('1', 10)},2]`)).code).toBe('invalid_payload')
  })

  test('a hundred thousand levels are refused like eleven, and ignored where nobody reads them', async () => {
    const abyss = inArrays('', 100_000)
    expect(refusal(await publish(abyss))).toMatchObject({ status: 400, code: 'invalid_payload' })
    const ignored = `{"goal":"work","payload":1,"junk":${abyss}}`
    expect((await master.post('/intent', ignored, { 'idempotency-key': 'deep' })).status).toBe(201)
  })

  test('more than 131072 levels are refused everywhere', async () => {
    const junk = (levels: number) => `{"goal":"work","payload":1,"junk":${inArrays('', levels)}}`
    expect((await master.post('/intent', junk(131_071))).status).toBe(201)
    expect(refusal(await master.post('/intent', junk(131_072)))).toMatchObject({
      status: 400,
      code: 'invalid_payload',
      message: 'The body nests more than 131072 levels deep.',
    })
  })
})

describe('size', () => {
  const publish = (payload: string) => master.post('/intent', `{"goal":"work","payload":${payload}}`)
  const quoted = (text: string) => `"${text}"`

  test.each([
    ['as they are', 'a', 1],
    ['as they are', 'é', 2],
    ['as they are', '🐛', 4],
    ['escaped: 48 KiB on the wire', '\\u0061', 1],
    ['escaped', '\\u00e9', 2],
    ['escaped', '\\u20ac', 3],
    ['escaped, in pairs', '\\ud83d\\udc1b', 4],
    ['with an escape it does not need', '\\/', 1],
    ['that must stay escaped', '\\n', 2],
    ['that must stay escaped', '\\u0001', 6],
  ])('a payload has up to 8 KiB of UTF-8, of characters %s (%s: %d)', async (_how, character, bytes) => {
    const most = Math.floor((8 * KIB - 2) / bytes)
    const filler = 'x'.repeat(8 * KIB - 2 - most * bytes)
    const full = character.repeat(most) + filler
    expect((await publish(quoted(full))).status).toBe(201)
    const tooMuch = { status: 413, code: 'payload_too_large' }
    expect(refusal(await publish(quoted(`${full}x`)))).toMatchObject(tooMuch)
    expect(refusal(await publish(quoted(full + character)))).toMatchObject(tooMuch)
  })

  test('white space between tokens is free, inside a string it counts', async () => {
    const space = ' '.repeat(9 * KIB)
    expect((await publish(`[1,${space}2]`)).status).toBe(201)
    expect(refusal(await publish(`[1,"${space}"]`)).code).toBe('payload_too_large')
  })

  test('a result has up to 64 KiB, counted the same way; one byte more is 413 result_too_large', async () => {
    const claim = await master.claimed()
    const fulfil = (result: string) =>
      master.post(`/fulfill/${claim.id}`, `{"claim_token":"${claim.claim_token}","result":${quoted(result)}}`)
    const full = '\\u00e9'.repeat(32 * KIB - 1)
    expect(refusal(await fulfil(`${full}x`))).toMatchObject({ status: 413, code: 'result_too_large' })
    expect((await fulfil(full)).status).toBe(200)
  })

  test('a body of 1 MiB is read; what says it is longer is 413 before it is sent, on every route', async () => {
    const frame = '{"goal":"work","payload":1,"junk":""}'
    const body = frame.replace('""', quoted('x'.repeat(KIB * KIB - frame.length)))
    expect(body).toHaveLength(KIB * KIB)
    expect((await master.post('/intent', body)).status).toBe(201)
    for (const [path] of POSTS) {
      const answer = await raw(path.replace(':id', '0'.repeat(32)), `Content-Length: ${KIB * KIB + 1}\r\n`)
      expect(refusal(answer)).toMatchObject({ status: 413, code: 'payload_too_large' })
    }
  })

  test.each([
    [
      'that says how long it is',
      [`Content-Length: ${8 * KIB * KIB}\r\n\r\n`, Buffer.alloc(8 * KIB * KIB, 'x')],
    ],
    [
      'in chunks',
      [
        'Transfer-Encoding: chunked\r\n\r\n',
        ...Array.from({ length: 8 }, () => `${(KIB * KIB).toString(16)}\r\n${'x'.repeat(KIB * KIB)}\r\n`),
        '0\r\n\r\n',
      ],
    ],
  ])(
    'a client that first sends it all, as nginx does, %s, is not cut off before it can read the 413',
    async (_how, parts) => {
      const socket = await open(bus.port)
      const failed = once(socket, 'close').then(() =>
        Promise.reject(new Error('the bus closed the connection')),
      )
      const sent = (async () => {
        for (const part of [`POST /intent HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\n`, ...parts]) {
          await new Promise(resolve => socket.write(part, resolve))
        }
      })()
      await Promise.race([sent, failed])
      failed.catch(() => undefined)
      expect(refusal(await answerOn(socket))).toMatchObject({ status: 413, code: 'payload_too_large' })
    },
  )

  test('one that turns out longer while it comes in chunks is 413 too', async () => {
    const chunk = `${(KIB * KIB + 1).toString(16)}\r\n${'x'.repeat(KIB * KIB + 1)}\r\n0\r\n\r\n`
    const answer = await raw('/intent', 'Transfer-Encoding: chunked\r\n', chunk)
    expect(refusal(answer)).toMatchObject({ status: 413, code: 'payload_too_large' })
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, MASTER } from '../support/bus.ts'
import { rawCall } from '../support/raw.ts'
import { converse } from './conversation.ts'

const bus = await busForFile()
beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
})

const say = (bytes: string | Buffer) => converse(bus.port, bytes)
const KEY = `X-API-KEY: ${MASTER}\r\n`
const PUBLISH = `POST /intent HTTP/1.1\r\nHost: bus\r\n${KEY}`
const BODY = '{"goal":"g","payload":{}}'
const HIDDEN = `${PUBLISH}Content-Length: ${BODY.length}\r\n\r\n${BODY}`
const plain = (line: string, headers = '') => `${line}\r\nHost: bus\r\n${headers}\r\n`

describe('a request whose length is in doubt is refused, and what stands behind it is not heard:', () => {
  test.each([
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
    ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'],
    ['two lengths', 'Content-Length: 25\r\nContent-Length: 26', BODY],
    ['the same length twice', 'Content-Length: 25\r\nContent-Length: 25', BODY],
    ['a list of lengths', 'Content-Length: 25, 25', BODY],
    ['a length with a sign', 'Content-Length: +25', BODY],
    ['a negative length', 'Content-Length: -1', BODY],
    ['a hexadecimal length', 'Content-Length: 0x19', BODY],
    ['a length beyond all numbers', 'Content-Length: 99999999999999999999999', BODY],
    ['a transfer encoding nobody knows', 'Transfer-Encoding: xchunked', '0\r\n\r\n'],
    ['chunks that are not last', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', '0\r\n\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked', '0\r\n\r\n'],
    ['a control character before chunked', 'Transfer-Encoding: \x0bchunked', '0\r\n\r\n'],
    ['a folded header', `X-A: b\r\n c\r\nContent-Length: ${BODY.length}`, BODY],
    ['a NUL in a header', `X-A: b\0c\r\nContent-Length: ${BODY.length}`, BODY],
    ['lines without a carriage return', 'X-A: b\nContent-Length: 25', BODY],
    ['a chunk size that is no number', 'Transfer-Encoding: chunked', `zz\r\n${BODY}\r\n0\r\n\r\n`],
    ['a chunk longer than it says', 'Transfer-Encoding: chunked', `5\r\n${BODY}\r\n0\r\n\r\n`],
    [
      'a chunk size beyond all numbers',
      'Transfer-Encoding: chunked',
      `${'f'.repeat(20)}\r\n${BODY}\r\n0\r\n\r\n`,
    ],
  ])('%s', async (_what, headers, body) => {
    const { answers, heardOut } = await say(`${PUBLISH}${headers}\r\n\r\n${body}${HIDDEN}`)
    expect(heardOut).toBe(false)
    expect(answers).toHaveLength(1)
    expect(answers[0]).toMatchObject({ status: 400, headers: { connection: 'close' } })
    expect(JSON.parse(answers[0]!.text).error.code).toBe('invalid_request')
    expect(await bus.master.claim()).toBeNull()
  })
})

describe('a body is not taken for a request:', () => {
  test.each([
    ['of a GET', plain('GET /health HTTP/1.1', `Content-Length: ${HIDDEN.length}\r\n`) + HIDDEN, 200],
    ['of a stranger', plain('POST /intent HTTP/1.1', `Content-Length: ${HIDDEN.length}\r\n`) + HIDDEN, 401],
    [
      'in chunks',
      `${PUBLISH}Transfer-Encoding: chunked\r\n\r\n${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
      400,
    ],
  ])('%s', async (_what, bytes, status) => {
    const { answers, heardOut } = await say(bytes)
    expect(answers.map(answer => answer.status)).toEqual([status])
    expect(heardOut).toBe(true)
    expect(await bus.master.claim()).toBeNull()
  })
})

describe('well-formed, if unusual:', () => {
  const chunked = (trailer: string) =>
    `${PUBLISH}Transfer-Encoding: chunked\r\n\r\n19;name=value\r\n${BODY}\r\n0\r\n${trailer}\r\n`

  test('pipelined requests are answered in their order', async () => {
    const reads = Array.from({ length: 20 }, (_, i) => plain(`GET /get/k${i} HTTP/1.1`, KEY))
    const { answers } = await say(HIDDEN + reads.join('') + plain('GET /health HTTP/1.1'))
    expect(answers.map(answer => answer.status)).toEqual([201, ...reads.map(() => 404), 200])
  })

  test('chunks with an extension and a trailer, which has no say in who is asking', async () => {
    const { answers, heardOut } = await say(chunked('X-API-KEY: another\r\n'))
    expect(answers.map(answer => answer.status)).toEqual([201])
    expect(heardOut).toBe(true)
  })

  test('HTTP/1.0 is answered, and the connection closed', async () => {
    const { answers, heardOut } = await say('GET /health HTTP/1.0\r\n\r\n')
    expect(answers).toMatchObject([{ status: 200, headers: { connection: 'close' } }])
    expect(heardOut).toBe(false)
  })

  test('HTTP/1.0 that asks for it is kept open', async () => {
    const { answers, heardOut } = await say('GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect(answers.map(answer => answer.status)).toEqual([200])
    expect(heardOut).toBe(true)
  })

  test.each([
    ['its own', 'http://bus'],
    ["another's", 'http://elsewhere.example:9'],
  ])('an absolute address of %s host is read by its path', async (_what, origin) => {
    const { answers } = await say(
      plain(`GET ${origin}/health HTTP/1.1`) + plain(`GET ${origin}/admin/dead HTTP/1.1`, KEY),
    )
    expect(answers.map(answer => answer.status)).toEqual([200, 401])
  })

  test('an upgrade is not taken up', async () => {
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, websocket\r\nHTTP2-Settings: AAMAAABk\r\n'
    const answer = await rawCall(bus.port, plain('GET /health HTTP/1.1', upgrade))
    expect(answer.status).toBe(200)
  })

  test('Expect: 100-continue is told to go on, then answered', async () => {
    const { answers } = await say(
      `${PUBLISH}Expect: 100-continue\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    )
    expect(answers.map(answer => answer.status)).toEqual([100, 201])
  })

  test('OPTIONS * is an address like another that is not there', async () => {
    const { answers } = await say(plain('OPTIONS * HTTP/1.1') + plain('OPTIONS * HTTP/1.1', KEY))
    expect(answers.map(answer => answer.status)).toEqual([401, 404])
  })
})

describe('what is no request of ours', () => {
  test.each([
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'invalid_request'],
    ["HTTP/2's greeting", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
    ['a method that nobody knows', plain('FETCH /health HTTP/1.1'), 400, 'invalid_request'],
    ['a very long address', plain(`GET /${'a'.repeat(100_000)} HTTP/1.1`), 431, 'headers_too_large'],
    ['headers without end', plain('GET /health HTTP/1.1', 'X: y\r\n'.repeat(5000)), 431, 'headers_too_large'],
  ])(
    '%s is refused in the one error shape, and the connection closed',
    async (_what, bytes, status, code) => {
      const { answers, heardOut } = await say(bytes)
      expect(heardOut).toBe(false)
      expect(answers.map(answer => answer.status)).toEqual([status])
      expect(JSON.parse(answers[0]!.text)).toEqual({ error: { code, message: expect.any(String) } })
      expect(answers[0]!.headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'no-store' })
    },
  )

  test('CONNECT is not answered', async () => {
    expect(await say(plain('CONNECT elsewhere.example:443 HTTP/1.1'))).toEqual({
      answers: [],
      heardOut: false,
    })
  })
})

test.each([
  '/%61dmin/dead',
  '//admin/dead',
  '/./admin/dead',
  '/x/../admin/dead',
  '/Admin/dead',
  '/ADMIN/DEAD',
  '/admin/dead/',
  '/admin//dead',
  '/admin%2fdead',
  '/admin;x/dead',
  '/admin/dead?x-admin-token=a',
  'http://bus/admin/dead',
])('an API key does not open the admin route by the name of %s', async path => {
  const { answers } = await say(plain(`GET ${path} HTTP/1.1`, KEY))
  expect(answers).toHaveLength(1)
  expect([400, 401, 404]).toContain(answers[0]!.status)
})

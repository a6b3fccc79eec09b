import { type Random, randomFrom } from '../crash/random.ts'

export type Raw = { kind: 'raw'; bytes: Buffer }
export type Shaped = {
  kind: 'shaped'
  method: string
  path: string
  headers: Record<string, string>
  body: Buffer
}

/** Who asks: with what in which header. Each is used on every route. */
export type Asking = { header: string; value: string }[]

const id = '0'.repeat(32)
const held = { claim_token: 'f'.repeat(32) }

/** Every route of the protocol, with a body as it should be. */
const ROUTES: [method: string, path: string, body: object | null][] = [
  ['GET', '/', null],
  ['GET', '/health', null],
  ['GET', '/health/ready', null],
  ['GET', '/openapi.json', null],
  ['GET', '/metrics', null],
  [
    'POST',
    '/intent',
    {
      goal: 'g',
      payload: { a: [1] },
      namespace: 'n',
      priority: 5,
      delay: 1,
      max_attempts: 2,
      backoff_base: 3,
    },
  ],
  ['POST', '/intents', { intents: [{ goal: 'g', payload: {} }] }],
  ['POST', '/claim?goal=g&namespace=n&worker_id=w&capabilities=a,b', null],
  ['POST', '/claim?max=3&wait=0&lease=30', null],
  ['POST', `/extend_claim/${id}`, { ...held, seconds: 30 }],
  ['POST', `/fulfill/${id}`, { ...held, result: { ok: true }, result_type: 'json' }],
  ['POST', `/fail/${id}`, { ...held, error: 'it broke' }],
  ['POST', `/progress/${id}`, { ...held, progress: 50, message: 'half' }],
  ['POST', '/fulfill', { items: [{ id, ...held }] }],
  ['GET', `/status/${id}`, null],
  ['GET', `/result/${id}`, null],
  ['POST', '/set/colour', { value: 'green', ttl: 60 }],
  ['GET', '/get/colour', null],
  ['GET', '/admin/dashboard', null],
  ['POST', '/admin/generate_key', { owner: 'somebody' }],
  ['POST', '/admin/revoke_key', { api_key: 'tk_nobody' }],
  ['POST', '/admin/purge', { confirm: true, namespace: 'n' }],
  ['POST', '/admin/cleanup', null],
  ['GET', `/admin/intents/${id}`, null],
  ['POST', `/admin/intents/${id}/cancel`, null],
  ['POST', `/admin/intents/${id}/retry`, null],
  ['GET', '/admin/dead', null],
  ['GET', `/admin/dead/${id}`, null],
]

const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\u202e',
  '𝕏'.repeat(300),
  'x'.repeat(70_000),
  "'; DROP TABLE intents; --",
  '%s%n',
  '../../etc/passwd',
  '<script>',
  '__proto__',
  'constructor',
]
const ODD_NUMBERS = [
  '-1',
  '0',
  '1e999',
  '-0',
  '1e-400',
  '9007199254740993',
  '123456789012345678901234567890',
  '0.1',
]
const ODD_JSON = [
  'null',
  'true',
  '[]',
  '{}',
  'NaN',
  'Infinity',
  'undefined',
  '01',
  '"\\ud800"',
  '"\\x"',
  '{"__proto__":{"isMaster":true}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
]

/** Requests that no client should send. The same seed makes the same ones. */
export function* malformedRequests(seed: number, count: number, askers: Asking[]): Generator<Raw | Shaped> {
  const random = randomFrom(seed)
  for (let i = 0; i < count; i += 1) {
    yield random.chance(0.3) ? raw(random, askers) : shaped(random, askers)
  }
}

function shaped(random: Random, askers: Asking[]): Shaped {
  const [method, path, body] = random.pick(ROUTES)
  return {
    kind: 'shaped',
    method: random.chance(0.05)
      ? random.pick(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'GET', 'POST'])
      : method,
    path: random.chance(0.4) ? oddPath(path, random) : path,
    headers: headersOf(random, askers),
    body: oddBody(body, random),
  }
}

function headersOf(random: Random, askers: Asking[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { header, value } of random.pick(askers)) headers[header] = value
  if (random.chance(0.7))
    headers['content-type'] = random.pick(['application/json', 'text/plain', 'a', 'multipart/form-data'])
  const odd = () =>
    random.pick([...ODD_TEXTS.filter(text => /^[\x20-\x7e]{0,200}$/.test(text)), 'é', 'x'.repeat(4000)])
  for (const name of [
    'x-worker-id',
    'x-worker-capabilities',
    'idempotency-key',
    'x-request-id',
    'x-intent-version',
  ]) {
    if (random.chance(0.1)) headers[name] = odd()
  }
  if (random.chance(0.1)) {
    headers['x-timestamp'] = random.pick(['0', 'now', `${Math.floor(Date.now() / 1000)}`])
    headers['x-nonce'] = odd()
    headers['x-signature'] = random.pick(['f'.repeat(64), 'F'.repeat(64), 'x'])
  }
  return headers
}

function oddPath(path: string, random: Random): string {
  const at = random.between(1, path.length)
  const odd = random.pick([
    '%',
    '%00',
    '%ff',
    '%2f',
    '%zz',
    '//',
    '/..',
    '?',
    '&&',
    '=',
    '[]',
    'x'.repeat(9000),
    ';',
    '#',
  ])
  const more = random.pick([
    '?namespace=%00',
    '?goal=',
    '?goal=a&goal=b',
    '?max=x',
    '?wait=-1',
    '?lease=1e9',
    '?a[]=1',
    '?%',
    '',
  ])
  return path.slice(0, at) + odd + path.slice(at) + more
}

function oddBody(body: object | null, random: Random): Buffer {
  if (body === null) return random.chance(0.8) ? Buffer.alloc(0) : noise(random, 200)
  const fields = Object.entries(body)
  const [name] = random.pick(fields)
  const odd = random.pick([...ODD_JSON, ...ODD_NUMBERS, ...ODD_TEXTS.map(text => JSON.stringify(text))])
  const written = fields.map(
    ([each, value]) => `${JSON.stringify(each)}:${each === name ? odd : JSON.stringify(value)}`,
  )
  const text = `{${written}}`
  switch (random.between(0, 9)) {
    case 0:
      return Buffer.from(text.slice(0, random.between(0, text.length)))
    case 1:
      return Buffer.from(odd)
    case 2:
      return Buffer.from(`{${written},${written[0]}}`)
    case 3:
      return Buffer.from(`\ufeff${text}`)
    case 4:
      return Buffer.from(text, 'utf16le')
    case 5:
      return flipped(Buffer.from(text), random)
    case 6:
      return Buffer.from(`{${written.slice(1)}}`)
    default:
      return Buffer.from(text)
  }
}

function raw(random: Random, askers: Asking[]): Raw {
  const request = wireOf(shaped(random, askers))
  switch (random.between(0, 7)) {
    case 0:
      return { kind: 'raw', bytes: noise(random, 3000) }
    case 1:
      return { kind: 'raw', bytes: request.subarray(0, random.between(0, request.length)) }
    case 2:
      return { kind: 'raw', bytes: flipped(request, random) }
    case 3: {
      const size = random.pick(['zz', '-1', 'ffffffffffffffff', '5', '', ' 5', '5;', '0x5'])
      const head = 'POST /intent HTTP/1.1\r\nHost: bus\r\nTransfer-Encoding: chunked\r\n\r\n'
      return { kind: 'raw', bytes: Buffer.from(`${head}${size}\r\n{"goal":"g"}\r\n0\r\n\r\n`) }
    }
    case 4: {
      const bomb = `X-${'a'.repeat(random.between(1, 50))}: b\r\n`.repeat(random.between(100, 3000))
      return { kind: 'raw', bytes: Buffer.from(`GET /health HTTP/1.1\r\nHost: bus\r\n${bomb}\r\n`) }
    }
    case 5:
      return {
        kind: 'raw',
        bytes: Buffer.from(`GET /${'%'.repeat(random.between(1, 9000))} HTTP/1.1\r\nHost: bus\r\n\r\n`),
      }
    case 6:
      return { kind: 'raw', bytes: Buffer.concat([request, noise(random, 500)]) }
    default:
      return { kind: 'raw', bytes: Buffer.concat([request, request, request]) }
  }
}

function wireOf({ method, path, headers, body }: Shaped): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${path} HTTP/1.1\r\nHost: bus\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

function noise(random: Random, longest: number): Buffer {
  return Buffer.from(Array.from({ length: random.between(1, longest) }, () => random.between(0, 255)))
}

function flipped(bytes: Buffer, random: Random): Buffer {
  for (let i = random.between(1, 8); i > 0 && bytes.length > 0; i -= 1) {
    bytes[random.between(0, bytes.length - 1)] = random.between(0, 255)
  }
  return bytes
}

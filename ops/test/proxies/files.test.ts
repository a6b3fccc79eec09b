/** What a proxy has to know of the bus, in the files that docs/reach puts in front of it. */
import { describe, expect, test } from 'vitest'
import { VARIABLES } from '../../../service/config/variables.ts'
import { KEEP_ALIVE_MS } from '../../../service/http/app.ts'
import { DEPLOYMENT } from '../../deployment.ts'
import { readsYaml, yamlFile } from '../yaml-file.ts'
import { configOf } from './front.ts'

const MIB = 2 ** 20
/** The longest `wait` of a claim, in s. */
const LONGEST_WAIT = 60

/** Each of them in s, as it stands in the file. */
const WAITS: [file: string, waits: RegExp | null, keeps: RegExp][] = [
  ['ops/server/Caddyfile', /^\s*response_header_timeout (\d+)s$/m, /^\s*keepalive (\d+)s$/m],
  ['ops/server/nginx.conf', /^\s*proxy_read_timeout (\d+)s;$/m, /^\s*keepalive_timeout (\d+)s;$/m],
  ['ops/server/traefik.yml', /^\s*responseHeaderTimeout: (\d+)s$/m, /^\s*idleConnTimeout: (\d+)s$/m],
  // It waits for as long as Cloudflare does: 100 s.
  ['ops/server/cloudflared.yml', null, /^\s*keepAliveTimeout: (\d+)s$/m],
]

test.each(WAITS)(
  '%s waits longer than a long poll takes, and drops an idle connection before the bus does',
  (file, waits, keeps) => {
    const text = configOf(file)
    if (waits !== null) expect(Number(waits.exec(text)?.[1])).toBeGreaterThan(LONGEST_WAIT + 10)
    expect(Number(keeps.exec(text)?.[1])).toBeLessThan(KEEP_ALIVE_MS / 1000 - 10)
    expect(text).toContain(`${DEPLOYMENT.port}`)
  },
)

test('nginx lets pass what the bus takes, and a little more, which the bus refuses', () => {
  const [, mib] = /client_max_body_size (\d+)m;/.exec(configOf('ops/server/nginx.conf'))!
  expect(Number(mib) * MIB).toBeGreaterThan(VARIABLES.BUS_MAX_BATCH_BODY_BYTES.default)
})

/** The fields of cloudflared's config file (its config/configuration.go), for what is used of it. */
const TUNNEL = ['tunnel', 'credentials-file', 'originRequest', 'ingress']
const RULE = ['hostname', 'path', 'service', 'originRequest']
const ORIGIN_REQUEST = [
  ...[
    'connectTimeout',
    'tlsTimeout',
    'tcpKeepAlive',
    'noHappyEyeballs',
    'keepAliveConnections',
    'keepAliveTimeout',
  ],
  ...[
    'httpHostHeader',
    'originServerName',
    'caPool',
    'noTLSVerify',
    'disableChunkedEncoding',
    'http2Origin',
    'access',
  ],
]

describe.skipIf(!readsYaml)('the file for cloudflared (it takes python3-yaml)', () => {
  type Tunnel = {
    tunnel: string
    'credentials-file': string
    originRequest: object
    ingress: Record<string, string>[]
  }
  const tunnel = readsYaml ? yamlFile<Tunnel>('ops/server/cloudflared.yml') : undefined

  test('has the fields that cloudflared knows, and no other', () => {
    const unknown = (given: object, known: string[]) =>
      Object.keys(given).filter(name => !known.includes(name))
    expect(unknown(tunnel!, TUNNEL)).toEqual([])
    expect(unknown(tunnel!.originRequest, ORIGIN_REQUEST)).toEqual([])
    for (const rule of tunnel!.ingress) expect(unknown(rule, RULE)).toEqual([])
  })

  test('sends its name to the bus of this machine, and whatever else is asked nowhere', () => {
    expect(tunnel!.ingress.slice(0, -1).map(({ service }) => service)).toEqual([
      `http://127.0.0.1:${DEPLOYMENT.port}`,
    ])
    // cloudflared refuses a file whose last rule does not take all.
    expect(tunnel!.ingress.at(-1)).toEqual({ service: 'http_status:404' })
    expect(tunnel!['credentials-file']).toBe(`/etc/cloudflared/${tunnel!.tunnel}.json`)
  })
})

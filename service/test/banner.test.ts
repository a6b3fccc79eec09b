import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { banner, firstIntent } from '../process/banner.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bus banner's "))
})
afterEach(() => rmSync(dir, { recursive: true }))

const facts = {
  host: '127.0.0.1',
  port: 8080,
  networkAddresses: ['192.168.1.7'],
  secretsFile: 'data/secrets.env',
  masterKey: undefined,
}

/** What curl would be given, one argument a line. */
function asPasted(line: string, env: Record<string, string> = {}): string[] {
  const script = `curl() { printf '%s\\n' "$@"; }\n${line}`
  return execFileSync('sh', ['-euc', script], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
  })
    .trimEnd()
    .split('\n')
}

test('the line to paste reads the key from the secrets file, whatever its path is called', () => {
  const secretsFile = join(dir, 'secrets.env')
  writeFileSync(secretsFile, '# head\nBUS_ADMIN_SECRET=other\nBUS_SECRET=mk_abc-_=\n')
  expect(asPasted(firstIntent({ ...facts, secretsFile }))).toEqual([
    '-s',
    'localhost:8080/intent',
    '-H',
    'X-API-KEY: mk_abc-_=',
    '-H',
    'Content-Type: application/json',
    '-d',
    '{"goal":"hello","payload":{"name":"world"}}',
  ])
})

test('or from the variable or the file that the environment names', () => {
  const path = join(dir, 'key')
  writeFileSync(path, 'from the file\n')
  const fromFile = firstIntent({ ...facts, masterKey: { from: 'file', path } })
  const fromVariable = firstIntent({ ...facts, masterKey: { from: 'variable', name: 'BUS_SECRET' } })
  expect(asPasted(fromFile)).toContain('X-API-KEY: from the file')
  expect(asPasted(fromVariable, { BUS_SECRET: 'a $b `c` "d"' })).toContain('X-API-KEY: a $b `c` "d"')
})

test.each([
  ['0.0.0.0', 'http://localhost:8080'],
  ['::', 'http://localhost:8080'],
  ['192.168.1.7', 'http://192.168.1.7:8080'],
  ['fd00::7', 'http://[fd00::7]:8080'],
])('listening on %s it is reached at %s', (host, url) => {
  const text = banner({
    ...facts,
    host,
    version: '1.2.3',
    database: './data/bus.db',
    secretsMade: true,
    password: undefined,
  })
  expect(text).toContain(`Intent Bus 1.2.3  ${url}\n`)
  expect(text).toContain(`${url}/admin/dashboard`)
})

test('a bus that listens everywhere says how it is reached from the network, and what that means', () => {
  const all = { ...facts, version: '1', database: 'd', secretsMade: false, password: undefined }
  expect(banner({ ...all, host: '0.0.0.0' })).toMatch(
    / http:\/\/192\.168\.1\.7:8080\n +open to everybody there, without TLS\n/,
  )
  expect(banner(all)).not.toContain('192.168.1.7')
})

test.each([
  ['made by the bus', undefined],
  ['from a variable', { from: 'variable', name: 'BUS_SECRET' }],
  ['from a file', { from: 'file', path: '/run/secrets/bus-secret' }],
] as const)('with a master key %s it fits 80 columns', (_where, masterKey) => {
  const text = banner({
    ...facts,
    host: '0.0.0.0',
    port: 65535,
    networkAddresses: ['192.168.100.100', '172.16.100.100', '10.100.100.100'],
    version: '10.20.30',
    database: 'data/bus.db',
    secretsFile: 'data/secrets.env',
    secretsMade: true,
    masterKey,
    password: undefined,
  })
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

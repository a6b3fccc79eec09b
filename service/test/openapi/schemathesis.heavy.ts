/**
 * Thousands of requests that schemathesis makes of the document, to a bus that is started in earnest: no 5xx, no answer
 * that the document does not have, nothing refused that it takes, nothing taken that it refuses. What is not asked of
 * the bus, and why, is in schemathesis.toml.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BusProcess } from '../support/bus-process.ts'
import { NIGHTLY } from '../support/nightly.ts'
import { pythonProgram } from './installed.ts'

const program = pythonProgram('schemathesis', '4.32.5')
const reason = 'reason' in program ? program.reason : null
if (reason !== null) console.warn(`the bus is not held against its OpenAPI document here: ${reason}`)

/** Per call and phase. A hundred take two minutes where nothing else runs, and nine beside the other suites. */
const MOST_EXAMPLES = NIGHTLY ? 100 : 30
const PATIENCE_MS = 900_000

const SECRETS = {
  BUS_SECRET: 'master-key-0123456789abcdef0123456789abcdef',
  BUS_ADMIN_SECRET: 'admin-token-0123456789abcdef0123456789abc',
  BUS_METRICS_TOKEN: 'metrics-token-0123456789abcdef0123456789',
}
const beside = (name: string): string => join(import.meta.dirname, name)

/** Calls that never succeed here: a shortcut leads elsewhere; a button wants a token from the page; a bus that is well has no 503. */
const UNREACHED = [
  'GET /admin',
  'GET /dashboard',
  'POST /admin/dashboard/intents/:id/cancel',
  'POST /admin/dashboard/intents/:id/retry',
]

describe.skipIf(reason !== null)(
  `the bus and its document${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    test('agree on every request', { timeout: PATIENCE_MS }, async () => {
      const { path } = program as { path: string }
      const folder = mkdtempSync(join(tmpdir(), 'bus-schemathesis-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      // Wrong credentials are among what is tried, more of them than are let off within a minute.
      const bus = new BusProcess(folder, {
        PORT: '0',
        BUS_AUTH_FAILURE_LIMIT: '1000000',
        LOG_LEVEL: 'info',
        ...SECRETS,
      })
      onTestFinished(() => bus.kill())
      const url = `http://localhost:${await bus.ready()}`

      const { code, output } = await run(path, folder, url)
      expect(code, output).toBe(0)
      const answered = await successes(url)
      const calls = await callsOf(url)
      expect(calls.filter(call => !answered.has(call))).toEqual(UNREACHED)
      expect(bus.out + bus.err).not.toMatch(/"level":"(error|fatal)"/)
    })
  },
)

async function run(path: string, cwd: string, url: string): Promise<{ code: number | null; output: string }> {
  const args = ['--config-file', beside('schemathesis.toml'), 'run', `${url}/openapi.json`]
  const child = spawn(path, [...args, '--max-examples', `${MOST_EXAMPLES}`, '--no-color'], {
    cwd,
    // A proxy that the machine is set up for must not stand between it and the bus.
    env: { ...process.env, NO_PROXY: 'localhost', BUS_URL: url, ...SECRETS, ...HOOKS },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { code, output }
}

const HOOKS = { SCHEMATHESIS_HOOKS: beside('schemathesis_hooks.py'), PYTHONDONTWRITEBYTECODE: '1' }

/** The calls that succeeded, by the bus's own count. */
async function successes(url: string): Promise<Set<string>> {
  const headers = { authorization: `Bearer ${SECRETS.BUS_METRICS_TOKEN}` }
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  const series = text.matchAll(/_count\{method="(\w+)",route="([^"?]+)(?:\?wait)?",status="2\d\d"\}/g)
  return new Set([...series].map(([, method, route]) => `${method} ${route}`))
}

async function callsOf(url: string): Promise<string[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> }
  return Object.entries(paths)
    .flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    .sort()
}

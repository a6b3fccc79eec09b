/**
 * A bus that runs somewhere else, in the place of one of this process: `npm run conformance -- URL` puts the suite to it
 * over HTTP alone. What only a bus of this process has, its clock above all, leaves out the test that asks for it.
 */
import { afterEach, beforeEach, TestRunner } from 'vitest'
import type { Env } from '../../config/config.ts'
import { Client, hangUpAll } from './client.ts'
import { ELSEWHERE_VARIABLE, type Elsewhere } from './where.ts'

const given = process.env[ELSEWHERE_VARIABLE]

/** `null`: each test file starts a bus of its own. */
export const elsewhere: Elsewhere | null = given === undefined ? null : JSON.parse(given)

/** Settings that spare a test time or limits, and change no answer that is looked at. */
const NEVER_MIND = ['BUS_CLEANUP_INTERVAL_SECONDS', 'BUS_AUTH_FAILURE_LIMIT']

/** Ends the test that runs, as one that was not run. */
export function leaveOut(why: string): never {
  const test = TestRunner.getCurrentTest<ReturnType<typeof TestRunner.getCurrentTest> | undefined>()
  if (test === undefined) throw new Error(`outside of a test: ${why}`)
  return test.context.skip(why)
}

/** What there is of a bus elsewhere; to ask for anything more leaves the test out. */
function seen({ url, key, adminToken }: Elsewhere, version: string) {
  const admin = new Client(url, { 'x-admin-token': adminToken })
  const nobody = new Client(url, {})
  const there = {
    url,
    version,
    admin,
    nobody,
    master: new Client(url, { 'x-api-key': key }),
    seconds: () => Math.floor(Date.now() / 1000),
    // Chance stays what it is: where it counts, the test asks for the clock, too.
    chance: { always: 0 },
    // Else it is held to 60 requests a minute.
    async issue(owner = 'somebody', terms: object = {}) {
      const { json } = await admin.post('/admin/generate_key', { owner, rate_limit: 1_000_000, ...terms })
      return new Client(url, { 'x-api-key': json.api_key })
    },
    async passes(ms: number) {
      await new Promise(resolve => setTimeout(resolve, ms))
    },
    async waitingClaims(): Promise<number> {
      return (await admin.get('/admin/overview')).json.waiting_claims
    },
    get port() {
      const { protocol, hostname, port, pathname } = new URL(url)
      const isBare = protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(hostname) && pathname === '/'
      return isBare ? Number(port || 80) : leaveOut('it takes a bare connection to this machine')
    },
  }
  // then: or to await it would ask for that.
  const lacks = (name: string | symbol) => !(name in there) && name !== 'then'
  return new Proxy(there, {
    get(target, name, receiver) {
      return lacks(name)
        ? leaveOut(`it takes the ${String(name)} of the bus`)
        : Reflect.get(target, name, receiver)
    },
  })
}

/**
 * For all tests of a file, which are left out where the bus had to be set otherwise.
 *
 * @returns what a `TestBus` has, as far as it is there
 */
export async function busElsewhere(where: Elsewhere, env: Env) {
  const settings = Object.keys(env).filter(name => !NEVER_MIND.includes(name))
  if (settings.length > 0) beforeEach(() => leaveOut(`it sets ${settings}`))
  afterEach(hangUpAll)
  const { json } = await new Client(where.url, {}).get('/health')
  const bus = seen(where, json.version)
  const purge = () => bus.admin.post('/admin/purge', { confirm: true })
  // As empty as one that was just started.
  await purge()
  // Instead of a high limit: a purge forgets who came with a wrong key, too.
  if ('BUS_AUTH_FAILURE_LIMIT' in env) beforeEach(purge)
  return bus
}

/** For one test: it would begin with nothing, or be set or stopped as it likes. */
export const busOfItsOwn = (): never => leaveOut('it takes a bus of its own')

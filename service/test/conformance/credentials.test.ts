import { describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, basic, busForFile, MASTER, METRICS_TOKEN, PASSWORD } from '../support/bus.ts'
import { type Client, call, type Headings, refusal } from '../support/client.ts'
import { routesOf } from '../support/routes.ts'
import { sign } from '../support/signing.ts'

const bus = await busForFile({ BUS_AUTH_FAILURE_LIMIT: '1000000' })

type Access = 'open' | 'key' | 'admin' | 'metrics'
type Ask = [path: string, body?: object]
type Route = {
  access: Access
  /** What a good credential gets. */
  good: number
  /** Where to ask and with what; `who` is who will ask, or the master key. */
  ask?: (who: Client) => Promise<Ask>
}

let places = 0
/** An intent of its own namespace, with a live lease. */
async function held(who: Client) {
  places += 1
  return who.claimed({ namespace: `place-${places}`, max_attempts: 1 })
}
const settle = (verb: string) => async (who: Client) => {
  const { id, claim_token } = await held(who)
  return [`/${verb}/${id}`, { claim_token, seconds: 30 }] as Ask
}
const read = (verb: string) => async (who: Client) => [`/${verb}/${await who.publish()}`] as Ask
async function dead(who: Client): Promise<string> {
  const claim = await held(who)
  await who.fail(claim)
  return claim.id
}

/** Every route of the bus. A new one has to say here who may use it. */
const ROUTES: Record<string, Route> = {
  'GET /': { access: 'open', good: 200 },
  'GET /health': { access: 'open', good: 200 },
  'GET /health/live': { access: 'open', good: 200 },
  'GET /health/ready': { access: 'open', good: 200 },
  'GET /openapi.json': { access: 'open', good: 200 },
  'POST /intent': { access: 'key', good: 201, ask: async () => ['/intent', { goal: 'work', payload: {} }] },
  'POST /intents': {
    access: 'key',
    good: 201,
    ask: async () => ['/intents', { intents: [{ goal: 'work', payload: {} }] }],
  },
  'POST /extend_claim': { access: 'key', good: 200, ask: async () => ['/extend_claim', { items: [] }] },
  'POST /fulfill': { access: 'key', good: 200, ask: async () => ['/fulfill', { items: [] }] },
  'POST /fail': { access: 'key', good: 200, ask: async () => ['/fail', { items: [] }] },
  'POST /claim': { access: 'key', good: 204, ask: async () => ['/claim?namespace=empty'] },
  'POST /extend_claim/:id': { access: 'key', good: 200, ask: settle('extend_claim') },
  'POST /fulfill/:id': { access: 'key', good: 200, ask: settle('fulfill') },
  'POST /progress/:id': { access: 'key', good: 400, ask: settle('progress') },
  'POST /fail/:id': { access: 'key', good: 200, ask: settle('fail') },
  'GET /status/:id': { access: 'key', good: 200, ask: read('status') },
  'GET /result/:id': { access: 'key', good: 200, ask: read('result') },
  'POST /set/:key': { access: 'key', good: 200, ask: async () => ['/set/lamp', { value: 'on' }] },
  'GET /get/:key': {
    access: 'key',
    good: 200,
    async ask(who) {
      await who.post('/set/lamp', { value: 'on' })
      return ['/get/lamp']
    },
  },
  'GET /intents': { access: 'key', good: 200 },
  'POST /cancel/:id': { access: 'key', good: 200, ask: async who => [`/cancel/${await who.publish()}`] },
  'POST /retry/:id': {
    access: 'key',
    good: 200,
    async ask(who) {
      const id = await who.publish()
      await who.post(`/cancel/${id}`)
      return [`/retry/${id}`]
    },
  },
  'GET /healthz': { access: 'open', good: 200 },
  'GET /livez': { access: 'open', good: 200 },
  'GET /readyz': { access: 'open', good: 200 },
  'GET /metrics': { access: 'metrics', good: 200 },
  'GET /admin': { access: 'open', good: 302 },
  'GET /dashboard': { access: 'open', good: 302 },
  'GET /admin/dashboard': { access: 'admin', good: 200 },
  'GET /admin/dashboard/intents/:id': { access: 'admin', good: 200, ask: read('admin/dashboard/intents') },
  // Past the door; that the button's own token is missing is another matter.
  'POST /admin/dashboard/intents/:id/retry': {
    access: 'admin',
    good: 403,
    ask: async who => [`/admin/dashboard/intents/${await dead(who)}/retry`],
  },
  'POST /admin/dashboard/intents/:id/cancel': {
    access: 'admin',
    good: 403,
    ask: async who => [`/admin/dashboard/intents/${await who.publish()}/cancel`],
  },
  'POST /admin/generate_key': {
    access: 'admin',
    good: 201,
    ask: async () => ['/admin/generate_key', { owner: 'Ada' }],
  },
  'POST /admin/revoke_key': {
    access: 'admin',
    good: 200,
    ask: async () => ['/admin/revoke_key', { api_key: (await bus.issue()).key }],
  },
  'POST /admin/rotate_key': {
    access: 'admin',
    good: 201,
    ask: async () => ['/admin/rotate_key', { api_key: (await bus.issue()).key }],
  },
  'POST /admin/change_key': {
    access: 'admin',
    good: 200,
    ask: async () => ['/admin/change_key', { api_key: (await bus.issue()).key, note: 'changed' }],
  },
  'GET /admin/audit': { access: 'admin', good: 200 },
  'GET /admin/maintenance': { access: 'admin', good: 200 },
  // On would shut the others out.
  'POST /admin/maintenance': {
    access: 'admin',
    good: 200,
    ask: async () => ['/admin/maintenance', { on: false }],
  },
  'POST /admin/purge': {
    access: 'admin',
    good: 200,
    ask: async () => ['/admin/purge', { confirm: true, namespace: 'empty' }],
  },
  'POST /admin/cleanup': { access: 'admin', good: 200 },
  'GET /admin/intents/:id': { access: 'admin', good: 200, ask: read('admin/intents') },
  'POST /admin/intents/:id/cancel': {
    access: 'admin',
    good: 200,
    ask: async who => [`/admin/intents/${await who.publish()}/cancel`],
  },
  'POST /admin/intents/:id/retry': {
    access: 'admin',
    good: 200,
    ask: async who => [`/admin/intents/${await dead(who)}/retry`],
  },
  'GET /admin/intents': { access: 'admin', good: 200 },
  'GET /admin/dead': { access: 'admin', good: 200 },
  'POST /admin/dead/retry': {
    access: 'admin',
    good: 200,
    ask: async who => ['/admin/dead/retry', { ids: [await dead(who)] }],
  },
  'POST /admin/dead/drop': {
    access: 'admin',
    good: 200,
    ask: async who => ['/admin/dead/drop', { ids: [await dead(who)] }],
  },
  'GET /admin/keys': { access: 'admin', good: 200 },
  'POST /admin/backup': { access: 'admin', good: 201 },
  'GET /admin/backups': { access: 'admin', good: 200 },
  'GET /admin/backups/:name': {
    access: 'admin',
    good: 200,
    ask: async () => [`/admin/backups/${(await bus.admin.post('/admin/backup')).json.name}`],
  },
  'GET /admin/overview': { access: 'admin', good: 200 },
  'GET /admin/dead/:id': { access: 'admin', good: 200, ask: async who => [`/admin/dead/${await dead(who)}`] },
}

const issued = await bus.issue()
const revoked = await bus.issue()
await bus.admin.post('/admin/revoke_key', { api_key: revoked.key })
const expired = await bus.issue()
await bus.admin.post('/admin/change_key', { api_key: expired.key, expires_in: 1 })
await bus.passes(1000)

/** What each credential is, and what it opens. */
const CREDENTIALS: [what: string, headers: Headings, opens: Access[]][] = [
  ['no credential', {}, []],
  ['a wrong key', { 'x-api-key': 'tk_wrong' }, []],
  ['an issued key', { 'x-api-key': issued.key }, ['key']],
  ['a revoked key', { 'x-api-key': revoked.key }, []],
  ['an expired key', { 'x-api-key': expired.key }, []],
  ['the master key', { 'x-api-key': MASTER }, ['key']],
  ['the admin token', { 'x-admin-token': ADMIN_TOKEN }, ['admin', 'metrics']],
  ['a wrong admin token', { 'x-admin-token': 'wrong' }, []],
  ['the password', basic('admin', PASSWORD), ['admin', 'metrics']],
  ['a wrong password', basic('admin', 'wrong'), []],
  ["the password under another's name", basic('root', PASSWORD), []],
  ['the metrics token', { authorization: `Bearer ${METRICS_TOKEN}` }, ['metrics']],
  ['a wrong metrics token', { authorization: 'Bearer wrong' }, []],
  ['the master key as a bearer token', { authorization: `Bearer ${MASTER}` }, []],
  ['the admin token as a key', { 'x-api-key': ADMIN_TOKEN }, []],
  ['the master key as an admin token', { 'x-admin-token': MASTER }, []],
]

const reading = Object.keys(ROUTES).filter(route => route.startsWith('GET '))
const asHead = (route: string) => route.replace('GET', 'HEAD')

test('the table has every route of the bus', () => {
  expect(routesOf(bus.app).sort()).toEqual([...Object.keys(ROUTES), ...reading.map(asHead)].sort())
})

async function askFor(route: string, headers: Headings, method = route.split(' ')[0]!) {
  const { ask, access } = ROUTES[route]!
  const known = headers['x-api-key'] === issued.key && access === 'key'
  const [path, body] = (await ask?.(known ? issued : bus.master)) ?? [route.split(' ')[1]!]
  return call(bus.url + path, method, headers, method === 'POST' ? JSON.stringify(body ?? {}) : undefined)
}

/** Where the right one would go. */
const REFUSALS: Partial<Record<string, RegExp>> = {
  admin: /^Authentication required: .*X-Admin-Token/,
  metrics: /^Authentication required: .*Authorization: Bearer/,
}

describe.each(Object.entries(ROUTES))('%s', (route, { access, good }) => {
  test.each(CREDENTIALS)('with %s', async (_what, headers, opens) => {
    const answer = await askFor(route, headers)
    if (access === 'open' || opens.includes(access)) {
      expect(answer.status).toBe(good)
      return
    }
    if (access === 'key' && headers['x-api-key'] === expired.key) {
      expect(refusal(answer)).toMatchObject({ status: 401, code: 'key_expired' })
      return
    }
    const offered = 'x-api-key' in headers ? 'Invalid' : 'Missing'
    const { message, ...refused } = refusal(answer)
    expect(refused).toEqual({ status: 401, code: 'unauthorized' })
    expect(message).toMatch(REFUSALS[access] ?? new RegExp(`^${offered} API key`))
    expect(answer.headers.get('www-authenticate')).toEqual(
      access === 'key' ? null : expect.stringMatching(/^Basic realm="/),
    )
  })
})

describe.each(reading)('%s as a HEAD', route => {
  test.each(CREDENTIALS)('with %s has the same status and no body', async (_what, headers) => {
    const [got, head] = [await askFor(route, headers), await askFor(route, headers, 'HEAD')]
    expect([head.status, head.text]).toEqual([got.status, ''])
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'))
  })
})

describe.each(Object.entries(ROUTES).filter(([, { access }]) => access === 'key'))(
  '%s signed by an issued key',
  (route, { ask, good }) => {
    const [method, template] = route.split(' ') as ['GET' | 'POST', string]
    const arranged = async () => {
      const [path, body] = (await ask?.(issued)) ?? [template]
      return [path, method === 'GET' ? '' : JSON.stringify(body ?? {})] as const
    }

    test('passes once, and is a replay from then on', async () => {
      const [path, body] = await arranged()
      const signature = sign({ method, path, body, key: issued.key }, { timestamp: bus.seconds() })
      const send = () => (method === 'GET' ? issued.get(path, signature) : issued.post(path, body, signature))
      expect((await send()).status).toBe(good)
      expect(refusal(await send())).toMatchObject({ status: 403, message: 'Replay detected' })
    })

    test('is refused when it is stale, or signed with another key', async () => {
      const [path, body] = await arranged()
      const stale = await issued.signed(method, path, body, { timestamp: bus.seconds() - 301 })
      expect(refusal(stale)).toMatchObject({ status: 403, message: 'Stale timestamp' })
      const foreign = sign({ method, path, body, key: MASTER }, { timestamp: bus.seconds() })
      const send = method === 'GET' ? issued.get(path, foreign) : issued.post(path, body, foreign)
      expect(refusal(await send)).toMatchObject({ status: 403, message: 'Bad signature' })
    })
  },
)

describe.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY'])('%s is no method of any route', method => {
  test.each(Object.keys(ROUTES))('%s', async route => {
    const { access } = ROUTES[route]!
    const path = route.split(' ')[1]!.replace(/:\w+/, '0'.repeat(32))
    const stranger = await call(bus.url + path, method, {})
    expect(refusal(stranger)).toMatchObject({ status: 401, code: 'unauthorized' })
    const headers = access === 'admin' ? { 'x-admin-token': ADMIN_TOKEN } : { 'x-api-key': MASTER }
    const known = await call(bus.url + path, method, headers)
    expect(refusal(known)).toMatchObject({ status: 404, code: 'not_found' })
    expect(known.headers.get('x-request-id')).not.toBeNull()
  })
})

import { beforeEach, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

test.each([
  ['goal', 'resize'],
  ['namespace', 'photos'],
  ['worker_id', 'pi-1'],
  ['capabilities', 'gpu'],
  ['capabilities', ['gpu']],
])('%s in the body alone is 400, and no attempt is gone', async (name, value) => {
  const id = await master.publish({ goal: 'mail' })
  for (const path of ['/claim', '/claim?wait=5&max=2', `/claim?${name}=`]) {
    // An empty namespace is refused for itself.
    if (path.endsWith('namespace=')) continue
    const refused = refusal(await master.post(path, { [name]: value }))
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(refused.message).toBe(
      `${name} is in the body, which a claim does not read: put it in the query, as in /claim?${name}=….`,
    )
  }
  expect(await master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
})

test.each([
  ['?goal=mail', { goal: 'resize' }, {}],
  ['?namespace=default', { namespace: 'photos' }, {}],
  ['', { worker_id: 'pi-2' }, { 'x-worker-id': 'pi-1' }],
  ['', { capabilities: ['cpu'] }, { 'x-worker-capabilities': 'gpu' }],
  ['', { capabilities: ['cpu'] }, { 'x-worker-capability': 'gpu' }],
])('what query or header name (%s) may be in the body as well: %j', async (query, body, headers) => {
  const id = await master.publish({ goal: 'mail' })
  expect((await master.post(`/claim${query}`, body, headers)).json).toMatchObject({ id })
})

test.each([
  '',
  '{}',
  '{"max_jobs": 3}',
  '{"goal": null, "namespace": "", "worker_id": null}',
  '{"nested": {"goal": "resize"}}',
  '["goal"]',
  '"goal"',
  '{"goal": "resize"',
  'goal=resize',
  `{"goal": "resize", "x": "${'x'.repeat(20_000)}"}`,
])('any other body is ignored: %.40s', async body => {
  const id = await master.publish({ goal: 'mail' })
  expect((await master.post('/claim', body)).json).toMatchObject({ id })
})

import { expect, test } from 'vitest'
import { defaultDefinitions } from '../../config/default-document.ts'
import { ErrorAnswer } from '../../http/schemas/shapes.ts'
import { misfit } from '../support/answer-check.ts'
import { busForFile } from '../support/bus.ts'
import type { Answer } from '../support/client.ts'

const bus = await busForFile()
const { master, admin, nobody } = bus
const definitions = new Map(defaultDefinitions().map(each => [each.id, each]))

/** @param id of the endpoint that gave it */
function fits(answer: Answer, id: string): void {
  const { schema } = definitions.get(id)!.answers[answer.status]!
  expect(misfit(schema!, answer.json), answer.text).toBeNull()
}

test('every answer has the shape that its schema states', async () => {
  fits(await nobody.get('/health'), 'getHealth')
  fits(await nobody.get('/health/live'), 'getLiveness')
  fits(await nobody.get('/health/ready'), 'getReadiness')
  const nowhere = await nobody.get('/nowhere')
  expect(misfit(ErrorAnswer, nowhere.json), nowhere.text).toBeNull()

  fits(await master.post('/intent', { goal: 'work', payload: {}, max_attempts: 1 }), 'publish')
  const claimed = await master.post('/claim')
  fits(claimed, 'claim')
  const claim = claimed.json
  fits(await admin.get('/admin/intents'), 'listIntents')
  fits(await admin.get(`/admin/intents/${claim.id}`), 'getIntent')
  fits(await master.extend(claim), 'extendClaim')
  fits(
    await master.post(`/progress/${claim.id}`, { claim_token: claim.claim_token, progress: 5 }),
    'recordProgress',
  )
  fits(await master.get(`/status/${claim.id}`), 'getStatus')
  fits(await master.fail(claim), 'fail')
  fits(await master.get(`/result/${claim.id}`), 'getResult')

  const dead = await admin.get('/admin/dead')
  expect(dead.json).toHaveLength(1)
  fits(dead, 'listDeadLetters')
  fits(await admin.get(`/admin/dead/${claim.id}`), 'getDeadLetter')
  fits(await admin.post(`/admin/intents/${claim.id}/retry`), 'retryIntent')
  const key = await admin.post('/admin/generate_key', { owner: 'pi' })
  fits(key, 'generateKey')
  const change = {
    api_key: key.json.api_key,
    note: 'in the barn',
    expires_in: 60,
    rate_limit: 5,
    open_limit: 5,
  }
  fits(await admin.post('/admin/change_key', change), 'changeKey')
  fits(await admin.post('/admin/rotate_key', { api_key: key.json.api_key }), 'rotateKey')
  fits(await admin.post('/admin/revoke_key', { api_key: key.json.api_key }), 'revokeKey')
  fits(await admin.post('/admin/revoke_key', { api_key: key.json.api_key }), 'revokeKey')
  fits(await admin.post('/admin/cleanup'), 'cleanUp')
  fits(await admin.post('/admin/purge', { confirm: true, namespace: 'empty' }), 'purge')

  for (const [verb, id] of [
    ['retry', 'retryDeadLetters'],
    ['drop', 'dropDeadLetters'],
  ] as const) {
    await admin.post(`/admin/intents/${claim.id}/cancel`)
    const many = await admin.post(`/admin/dead/${verb}`, { ids: [claim.id, 'nonsense'] })
    expect(many.json.items.map(({ ok }: { ok: boolean }) => ok)).toEqual([true, false])
    fits(many, id)
  }
  await bus.issue()
  const keys = await admin.get('/admin/keys')
  expect(keys.json.keys.length).toBeGreaterThanOrEqual(2)
  fits(keys, 'listKeys')
  await master.publish()
  const overview = await admin.get('/admin/overview')
  expect(overview.json.namespaces).toHaveLength(1)
  fits(overview, 'getOverview')

  fits(await admin.post('/admin/maintenance', { on: true, note: 'new disk' }), 'setMaintenance')
  fits(await admin.get('/admin/maintenance'), 'getMaintenance')
  fits(await admin.get('/health/ready'), 'getReadiness')
  fits(await admin.post('/admin/maintenance', { on: false }), 'setMaintenance')
  const audit = await admin.get('/admin/audit')
  expect(audit.json.entries.length).toBeGreaterThan(5)
  fits(audit, 'listAudit')
  fits(await master.post('/set/k', { value: 1 }), 'setValue')
  fits(await master.get('/get/k'), 'getValue')
})

test('so have the answers about backups', async () => {
  fits(await admin.post('/admin/backup'), 'makeBackup')
  const backups = await admin.get('/admin/backups')
  expect(backups.json.backups.length).toBeGreaterThan(0)
  fits(backups, 'listBackups')
  await bus.backupDone()
  fits(await admin.post('/admin/backup?wait=0'), 'makeBackup')
  await bus.backupDone()
})

test('so have the answers to many at once', async () => {
  const work = { goal: 'work', payload: {}, namespace: 'many' }
  fits(await master.post('/intents', { intents: [work, work] }), 'publishBatch')
  const claimed = await master.post('/claim?max=2&namespace=many')
  expect(claimed.json.intents).toHaveLength(2)
  fits(claimed, 'claim')
  const items = [
    ...claimed.json.intents,
    { id: 'nobody', claim_token: 'lost' },
    { id: 5, claim_token: 'lost' },
  ]
  fits(await master.post('/extend_claim', { items }), 'extendClaimBatch')
  const settled = await master.post('/fulfill', { items })
  expect(settled.json.items.map((item: { ok: boolean }) => item.ok)).toEqual([true, true, false, false])
  fits(settled, 'fulfillBatch')
  fits(await master.post('/fail', { items }), 'failBatch')
  fits(await admin.get(`/admin/intents/${items[0].id}`), 'getIntent')
})

test('a schema notices what is missing', async () => {
  const schema = definitions.get('getStatus')!.answers[200]!.schema!
  const status = await master.status(await master.publish())
  expect(misfit(schema, status)).toBeNull()
  for (const name of schema['required'] as string[]) {
    const { [name]: _, ...rest } = status
    expect(misfit(schema, rest), name).not.toBeNull()
  }
})

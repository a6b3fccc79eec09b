import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import * as shapes from '../../http/schemas/responses.ts'
import type { Schema } from '../../http/schemas/schema.ts'
import { busForFile } from '../support/bus.ts'
import type { Answer } from '../support/client.ts'

const bus = await busForFile()
const { master, admin, nobody } = bus
const ajv = new Ajv({ strict: false })

/** The same, but nothing may be there that the schema does not name: the document is to be complete. */
function closed(schema: Schema): Schema {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(closed) as unknown as Schema
  const inside = Object.entries(schema).map(([keyword, value]) => [keyword, closed(value as Schema)])
  return Object.fromEntries([...inside, ...('properties' in schema ? [['additionalProperties', false]] : [])])
}

function fits(answer: Answer, schema: Schema): void {
  const validate = ajv.compile(closed(schema))
  validate(answer.json)
  expect(validate.errors, answer.text).toBeNull()
}

test('every answer has the shape that its schema states', async () => {
  fits(await nobody.get('/health'), shapes.HealthAnswer)
  fits(await nobody.get('/health/live'), shapes.LiveAnswer)
  fits(await nobody.get('/health/ready'), shapes.ReadyAnswer)
  fits(await nobody.get('/nowhere'), shapes.ErrorAnswer)

  fits(await master.post('/intent', { goal: 'work', payload: {}, max_attempts: 1 }), shapes.PublishAnswer)
  const claimed = await master.post('/claim')
  fits(claimed, shapes.ClaimAnswer)
  const claim = claimed.json
  fits(await admin.get('/admin/intents'), shapes.IntentsAnswer)
  fits(await admin.get(`/admin/intents/${claim.id}`), shapes.IntentAnswer)
  fits(await master.extend(claim), shapes.ExtendAnswer)
  fits(
    await master.post(`/progress/${claim.id}`, { claim_token: claim.claim_token, progress: 5 }),
    shapes.SettleAnswer,
  )
  fits(await master.get(`/status/${claim.id}`), shapes.StatusAnswer)
  fits(await master.fail(claim), shapes.SettleAnswer)
  fits(await master.get(`/result/${claim.id}`), shapes.ResultAnswer)

  const dead = await admin.get('/admin/dead')
  expect(dead.json).toHaveLength(1)
  fits(dead, shapes.DeadLettersAnswer)
  fits(await admin.get(`/admin/dead/${claim.id}`), shapes.DeadLetterAnswer)
  fits(await admin.post(`/admin/intents/${claim.id}/retry`), shapes.MovedAnswer)
  const key = await admin.post('/admin/generate_key', { owner: 'pi' })
  fits(key, shapes.KeyAnswer)
  const change = {
    api_key: key.json.api_key,
    note: 'in the barn',
    expires_in: 60,
    rate_limit: 5,
    open_limit: 5,
  }
  fits(await admin.post('/admin/change_key', change), shapes.KeyDetailsAnswer)
  fits(await admin.post('/admin/rotate_key', { api_key: key.json.api_key }), shapes.RotatedAnswer)
  fits(await admin.post('/admin/revoke_key', { api_key: key.json.api_key }), shapes.RevokedAnswer)
  fits(await admin.post('/admin/revoke_key', { api_key: key.json.api_key }), shapes.RevokedAnswer)
  fits(await admin.post('/admin/cleanup'), shapes.CleanupAnswer)
  fits(await admin.post('/admin/purge', { confirm: true, namespace: 'empty' }), shapes.PurgedAnswer)

  for (const [verb, shape] of [
    ['retry', shapes.RetryDeadAnswer],
    ['drop', shapes.DropDeadAnswer],
  ] as const) {
    await admin.post(`/admin/intents/${claim.id}/cancel`)
    const many = await admin.post(`/admin/dead/${verb}`, { ids: [claim.id, 'nonsense'] })
    expect(many.json.items.map(({ ok }: { ok: boolean }) => ok)).toEqual([true, false])
    fits(many, shape)
  }
  await bus.issue()
  const keys = await admin.get('/admin/keys')
  expect(keys.json.keys.length).toBeGreaterThanOrEqual(2)
  fits(keys, shapes.KeysAnswer)
  await master.publish()
  const overview = await admin.get('/admin/overview')
  expect(overview.json.namespaces).toHaveLength(1)
  fits(overview, shapes.OverviewAnswer)

  fits(await admin.post('/admin/maintenance', { on: true, note: 'new disk' }), shapes.MaintenanceAnswer)
  fits(await admin.get('/admin/maintenance'), shapes.MaintenanceAnswer)
  fits(await admin.get('/health/ready'), shapes.ReadyAnswer)
  fits(await admin.post('/admin/maintenance', { on: false }), shapes.MaintenanceAnswer)
  const audit = await admin.get('/admin/audit')
  expect(audit.json.entries.length).toBeGreaterThan(5)
  fits(audit, shapes.AuditAnswer)
  fits(await master.post('/set/k', { value: 1 }), shapes.OkAnswer)
  fits(await master.get('/get/k'), shapes.ValueAnswer)
})

test('so have the answers about backups', async () => {
  fits(await admin.post('/admin/backup'), shapes.BackupAnswer)
  const backups = await admin.get('/admin/backups')
  expect(backups.json.backups.length).toBeGreaterThan(0)
  fits(backups, shapes.BackupsAnswer)
  await bus.backupDone()
  fits(await admin.post('/admin/backup?wait=0'), shapes.BackupRunningAnswer)
  await bus.backupDone()
})

test('so have the answers to many at once', async () => {
  const work = { goal: 'work', payload: {}, namespace: 'many' }
  fits(await master.post('/intents', { intents: [work, work] }), shapes.PublishedAnswer)
  const claimed = await master.post('/claim?max=2&namespace=many')
  expect(claimed.json.intents).toHaveLength(2)
  fits(claimed, shapes.ClaimsAnswer)
  const items = [
    ...claimed.json.intents,
    { id: 'nobody', claim_token: 'lost' },
    { id: 5, claim_token: 'lost' },
  ]
  fits(await master.post('/extend_claim', { items }), shapes.ExtendedAnswer)
  const settled = await master.post('/fulfill', { items })
  expect(settled.json.items.map((item: { ok: boolean }) => item.ok)).toEqual([true, true, false, false])
  fits(settled, shapes.SettledAnswer)
  fits(await master.post('/fail', { items }), shapes.SettledAnswer)
  fits(await admin.get(`/admin/intents/${items[0].id}`), shapes.IntentAnswer)
})

test('a schema notices what is missing', async () => {
  const validate = ajv.compile(shapes.StatusAnswer)
  const status = await master.status(await master.publish())
  expect(validate(status)).toBe(true)
  for (const name of shapes.StatusAnswer.required) {
    const { [name]: _, ...rest } = status
    expect(validate(rest), name).toBe(false)
  }
})

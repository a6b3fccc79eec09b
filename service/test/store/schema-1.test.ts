import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openWriting } from '../../store/sqlite/connection.ts'
import Sqlite from '../../store/sqlite/driver.ts'
import { newestSchema } from '../../store/sqlite/migrate.ts'
import { busForTest } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'
import { newPlace } from '../support/engines.ts'

const LEFT = readFileSync(new URL('./schema-1.sql', import.meta.url), 'utf8')

/** Issued by that bus, whose sealing key is the one of these tests. */
const KEY = 'tk__GZeqlSnogN4FLjyHj8JEh4sbHqzRFyOPeGdvInEzPI'
const OPEN = '01a3185c500070eabccd873f44f6a53a'
const HELD = { id: '01a3185c500070ebae5883b74c00b217', claim_token: 'da7f087bf37772ef7bcf0cf275eb34eb' }
const DONE = '01a3185c500070eca1e4e39552286978'
const DEAD = '01a3185c500070ed97411efe888e9794'

test('a bus goes on with what one of schema 1 has left: keys, intents, leases, values, memory', async () => {
  const bus = await busForTest({}, newPlace(LEFT))
  const pi = new Client(bus.url, { 'x-api-key': KEY })
  expect((await bus.admin.get('/admin/keys')).json.keys).toMatchObject([
    { key_id: 1, owner: 'pi', note: '', last_used_at: null, expires_at: null, open_intents: 2 },
  ])
  expect((await pi.get('/get/lamp')).json).toEqual({ value: 'on' })
  const signing = { timestamp: bus.seconds(), nonce: 'seen-before' }
  expect(refusal(await pi.signed('GET', '/get/lamp', '', signing)).message).toBe('Replay detected')
  const work = { goal: 'open', payload: { file: 'cat.png' } }
  expect(await pi.publish(work, { 'idempotency-key': 'once' })).toBe(OPEN)
  expect((await pi.post(`/fulfill/${HELD.id}`, { claim_token: HELD.claim_token })).status).toBe(200)
  expect((await pi.get(`/result/${DONE}`)).json).toMatchObject({ status: 'fulfilled', result: { width: 64 } })
  expect((await bus.admin.get('/admin/dead')).json).toMatchObject([{ intent_id: DEAD, cause: 'cancelled' }])
  expect((await bus.admin.get('/admin/audit')).json.entries).toEqual([])

  // A key from before rotates as any other: its successor has what it had. A revoked one's intents stay nobody's.
  const rotated = await bus.admin.post('/admin/rotate_key', { key_id: 1 })
  expect(rotated.json.key_id).toBe(3)
  const heir = new Client(bus.url, { 'x-api-key': rotated.json.api_key })
  expect((await heir.claim())?.id).toBe(OPEN)
  expect(await heir.claim()).toBe(null)
})

test('it is copied beside itself first, and is of the newest schema from then on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-schema-1-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'bus.db')
  new Sqlite(path).exec(LEFT).close()
  const db = openWriting(path, () => {})
  expect(db.pragma('user_version', { simple: true })).toBe(newestSchema())
  db.close()
  expect(existsSync(`${path}.v1.bak`)).toBe(true)
})

test('the audit trail cannot be rewritten, nor cut', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-audit-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const db = openWriting(join(folder, 'bus.db'), () => {})
  onTestFinished(() => void db.close())
  db.exec("INSERT INTO audit VALUES (1, 1, 'purged', NULL, '{}', 'password', 'api', '::1', 'r')")
  expect(() => db.exec("UPDATE audit SET address = 'elsewhere'")).toThrow('append-only')
  expect(() => db.exec('DELETE FROM audit')).toThrow('append-only')
  expect(() =>
    db.exec("INSERT OR REPLACE INTO audit VALUES (1, 2, 'purged', NULL, '{}', 'token', 'api', '', '')"),
  ).toThrow('append-only')
  expect(db.prepare('SELECT count(*) FROM audit').pluck().get()).toBe(1)
})

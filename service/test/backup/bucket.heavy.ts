/** Uploads to a real S3 server. */
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3mini } from 's3mini'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Bucket, upload } from '../../backup/upload.ts'
import { busForTest } from '../support/bus.ts'
import { moto, startS3 } from './s3-server.ts'

if ('reason' in moto) console.log(`skipped: ${moto.reason}`)

describe.skipIf('reason' in moto)('a bucket', () => {
  let server: ChildProcess
  let bucket: Bucket
  let s3: S3mini

  beforeAll(async () => {
    ;({ server, bucket } = await startS3())
    const { url, region, accessKey, secretKey } = bucket
    s3 = new S3mini({ endpoint: url, region, accessKeyId: accessKey, secretAccessKey: secretKey })
  }, 60_000)
  afterAll(() => void server?.kill())

  const busWith = (changes: Record<string, string> = {}) =>
    busForTest({
      BUS_BACKUP_S3_URL: bucket.url,
      BUS_BACKUP_S3_PREFIX: bucket.prefix,
      BUS_BACKUP_S3_REGION: bucket.region,
      BUS_BACKUP_S3_ACCESS_KEY: bucket.accessKey,
      BUS_BACKUP_S3_SECRET_KEY: bucket.secretKey,
      ...changes,
    })

  test('gets each backup, with its checksum', async () => {
    const bus = await busWith()
    await bus.master.publish()
    const { status, json } = await bus.admin.post('/admin/backup')
    expect([status, json.uploaded]).toEqual([201, true])
    const there = await s3.getObjectArrayBuffer(`pi/${json.name}`)
    expect(createHash('sha256').update(Buffer.from(there!)).digest('hex')).toBe(json.sha256)
    expect(await s3.getObject(`pi/${json.name}.sha256`)).toBe(`${json.sha256}  ${json.name}\n`)
    expect(await bus.metric('intent_bus_backup_uploads_total{outcome="success"}')).toBe(1)
  })

  test('gets a large one in parts, unchanged', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bus-bucket-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const name = 'bus-20270115T080000Z.db.zst'
    const large = Buffer.alloc(21 * 1024 * 1024, 'seven. ')
    writeFileSync(join(dir, name), large)
    writeFileSync(join(dir, `${name}.sha256`), 'its checksum')
    await upload(dir, name, bucket)
    const there = Buffer.from((await s3.getObjectArrayBuffer(`pi/${name}`))!)
    expect(there.equals(large)).toBe(true)
  })

  test.each([
    ['another key', { BUS_BACKUP_S3_SECRET_KEY: 'wrong' }, /SignatureDoesNotMatch/],
    [
      'no such bucket',
      { BUS_BACKUP_S3_URL: 'http://127.0.0.1:1/backups' },
      /ECONNREFUSED|fetch failed|bad port/,
    ],
  ])(
    'that does not take it (%s) leaves the backup on the disk, and is told of',
    async (_what, changes, reason) => {
      const bus = await busWith(changes)
      const { status, json } = await bus.admin.post('/admin/backup')
      expect([status, json.uploaded]).toEqual([201, false])
      expect((await bus.admin.get('/admin/backups')).json.backups).toHaveLength(1)
      expect(await bus.metric('intent_bus_backup_uploads_total{outcome="failure"}')).toBe(1)
      const line = bus.log.find(each => each.includes('could not be uploaded'))
      expect(line).toMatch(reason)
      expect(line).not.toContain(bucket.accessKey)
    },
  )
})

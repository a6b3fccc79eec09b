import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { backupSettings, keptFiles } from '../../config/backup-settings.ts'
import { type Env, readConfig } from '../../config/config.ts'
import { BusProcess } from '../support/bus-process.ts'

const PHRASE = 'correct horse battery staple'
const S3 = {
  BUS_BACKUP_S3_URL: 'https://s3.example.com/bucket/',
  BUS_BACKUP_S3_ACCESS_KEY: 'id',
  BUS_BACKUP_S3_SECRET_KEY: 'key',
}
const settings = (env: Env) => backupSettings(readConfig(env), '/srv/bus/bus.db')

function emptyDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bus-backup-settings-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('nothing set: by hand only, beside the database, kept for a week, open', () => {
  expect(settings({})).toEqual({
    directory: '/srv/bus/backups',
    intervalMs: 0,
    keepMs: 7 * 86_400_000,
    seal: null,
    bucket: null,
    leaveBytes: 64 * 1024 * 1024,
  })
})

test('times have units or are seconds', () => {
  expect(settings({ BUS_BACKUP_INTERVAL: '24h', BUS_BACKUP_KEEP: '30d' })).toMatchObject({
    intervalMs: 86_400_000,
    keepMs: 30 * 86_400_000,
  })
  expect(settings({ BUS_BACKUP_INTERVAL: '90', BUS_BACKUP_KEEP: '15M' })).toMatchObject({
    intervalMs: 90_000,
    keepMs: 900_000,
  })
  expect(settings({ BUS_BACKUP_INTERVAL: '0' }).intervalMs).toBe(0)
})

test.each([
  [
    { BUS_BACKUP_INTERVAL: 'daily' },
    /^BUS_BACKUP_INTERVAL is "daily": it takes seconds, or a number with s, m, h or d/,
  ],
  [{ BUS_BACKUP_INTERVAL: '5s' }, /from 60 s to 365 d; 0 is never/],
  [{ BUS_BACKUP_KEEP: '0' }, /^BUS_BACKUP_KEEP is "0"/],
  [{ BUS_BACKUP_RECIPIENT: 'ssh-ed25519 AAAA' }, /^BUS_BACKUP_RECIPIENT is .*: it takes recipients of age/],
  [
    { BUS_BACKUP_PASSPHRASE: 'short' },
    /^BUS_BACKUP_PASSPHRASE holds something else \(5 characters, not shown\)/,
  ],
  [{ BUS_BACKUP_RECIPIENT: 'age1abc', BUS_BACKUP_PASSPHRASE: PHRASE }, /are both set: set one of them/],
  [{ BUS_BACKUP_WITH_SECRETS: 'true' }, /takes BUS_BACKUP_RECIPIENT or BUS_BACKUP_PASSPHRASE as well/],
  [{ BUS_BACKUP_S3_URL: 'https://s3.example.com/bucket' }, /go together: set all three of them, or none/],
  [{ ...S3, BUS_BACKUP_S3_URL: '' }, /go together/],
  [{ ...S3, BUS_BACKUP_S3_URL: 's3://bucket' }, /^BUS_BACKUP_S3_URL is "s3:\/\/bucket": it takes an http/],
  [{ ...S3, BUS_BACKUP_S3_URL: 'https://id:key@s3.example.com/b' }, /without a user/],
] as [Env, RegExp][])('%o is refused', (env, reason) => {
  expect(() => readConfig(env)).toThrow(reason)
})

test('a secret in the wrong place is refused without being shown', () => {
  const identity = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
  const told = (env: Env) => {
    try {
      readConfig(env)
    } catch (error) {
      return (error as Error).message
    }
    return 'taken'
  }
  for (const recipient of [identity, `age1abc,${identity.toLowerCase()}`]) {
    expect(told({ BUS_BACKUP_RECIPIENT: recipient })).toMatch(/^BUS_BACKUP_RECIPIENT is "[^Qq]*": it takes/)
  }
  expect(told({ ...S3, BUS_BACKUP_S3_URL: 'https://id:5eed@s3.example.com/b' })).toMatch(
    /^BUS_BACKUP_S3_URL is "https:\/\/…@s3\.example\.com\/b": it takes/,
  )
})

test('a bucket is taken apart', () => {
  expect(settings({ ...S3, BUS_BACKUP_S3_PREFIX: 'pi/', BUS_BACKUP_S3_REGION: 'eu-1' }).bucket).toEqual({
    url: 'https://s3.example.com/bucket',
    prefix: 'pi/',
    region: 'eu-1',
    accessKey: 'id',
    secretKey: 'key',
  })
})

test('secrets come from files too, and several recipients have commas between them', () => {
  const dir = emptyDir()
  writeFileSync(join(dir, 'phrase'), `${PHRASE}\n`)
  expect(settings({ BUS_BACKUP_PASSPHRASE_FILE: join(dir, 'phrase') }).seal).toEqual({ passphrase: PHRASE })
  expect(settings({ BUS_BACKUP_RECIPIENT: 'age1abc, age1def' }).seal).toEqual({
    recipients: ['age1abc', 'age1def'],
  })
})

test('what travels inside are the files that are there, if it is asked for', () => {
  const dir = emptyDir()
  const env = { BUS_DB_PATH: join(dir, 'bus.db'), BUS_BACKUP_PASSPHRASE: PHRASE }
  writeFileSync(join(dir, 'bus.key'), 'key')
  expect(keptFiles(readConfig(env))).toEqual([])
  expect(keptFiles(readConfig({ ...env, BUS_BACKUP_WITH_SECRETS: 'true' }))).toEqual([
    { name: 'bus.key', text: 'key' },
  ])
})

test('a recipient that is mistyped stops the start, not the first backup', async () => {
  const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcacxx'
  const bus = new BusProcess(emptyDir(), { PORT: '0', BUS_BACKUP_RECIPIENT: recipient })
  onTestFinished(() => bus.kill())
  expect((await bus.refused()).code).toBe(1)
  expect(bus.err).toMatch(/^intent-bus: BUS_BACKUP_RECIPIENT: age1\S+ is no recipient of age: [^\n]+\n$/)
})

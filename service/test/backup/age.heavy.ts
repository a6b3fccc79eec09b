/** Sealed backups and the `age` tool: what one seals, the other opens. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeBackup } from '../../backup/make.ts'
import { restore } from '../../backup/restore.ts'
import { identitiesIn } from '../../backup/seal.ts'
import { examine } from '../../store/sqlite/copy.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'

const isThere = spawnSync('age', ['--version']).status === 0
if (!isThere) console.log('skipped: age is not installed (apt-get install age)')

async function place() {
  const dir = mkdtempSync(join(tmpdir(), 'bus-age-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const source = join(dir, 'bus.db')
  const store = await openSqliteStore({ path: source, log: { info() {}, warn() {}, error() {} } })
  const route = {
    namespace: 'default',
    publisher: 0,
    visibility: 'private',
    goal: 'work',
    targetWorker: null,
    requiredCapability: null,
  } as const
  const op = {
    kind: 'publish',
    id: '1'.repeat(32),
    route,
    payload: '"hello"',
    priority: 1,
    delayMs: 0,
  } as const
  const rest = {
    ttlMs: 60_000,
    maxAttempts: 3,
    backoffMs: 1,
    openLimit: null,
    idempotency: null,
    nonce: null,
  }
  await store.commit([{ ...op, ...rest }], Date.now())
  await store.close()
  execFileSync('age-keygen', ['-o', join(dir, 'identity.txt')], { stdio: 'ignore' })
  const recipient = /age1[0-9a-z]+/.exec(readFileSync(join(dir, 'identity.txt'), 'utf8'))![0]
  return { dir, source, recipient, identity: join(dir, 'identity.txt') }
}

describe.skipIf(!isThere)('the age tool', () => {
  test('opens what the bus sealed', async () => {
    const { dir, source, recipient, identity } = await place()
    const seal = { recipients: [recipient] }
    const { name } = await makeBackup({
      source,
      directory: dir,
      at: Date.now(),
      seal,
      keep: [],
      leaveBytes: 0,
    })
    const packed = execFileSync('age', ['-d', '-i', identity, join(dir, name)])
    writeFileSync(join(dir, 'opened.db'), zstdDecompressSync(packed))
    expect(examine(join(dir, 'opened.db')).intents.open).toBe(1)
  })

  test('seals what the restore opens', async () => {
    const { dir, source, recipient, identity } = await place()
    writeFileSync(join(dir, 'plain.zst'), zstdCompressSync(readFileSync(source)))
    const file = join(dir, 'bus-20270115T080000Z.db.zst.age')
    execFileSync('age', ['-r', recipient, '-o', file, join(dir, 'plain.zst')])
    mkdirSync(join(dir, 'new'))
    const { contents } = await restore({
      file,
      database: join(dir, 'new/bus.db'),
      keyFile: join(dir, 'new/bus.key'),
      opener: { identities: identitiesIn(readFileSync(identity, 'utf8')) },
      force: false,
    })
    expect(contents.intents.open).toBe(1)
  })
})

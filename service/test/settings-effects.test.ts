/** Every setting of the table is read in one way and changes something. What it changes is held by the tests of that. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { appSettings, brokerSettings, roomSettings } from '../config/app-settings.ts'
import { backupSettings } from '../config/backup-settings.ts'
import { readConfig } from '../config/config.ts'
import { VARIABLES, type Values } from '../config/variables.ts'
import { BusProcess } from './support/bus-process.ts'
import { root } from './support/root.ts'

type Name = keyof Values
const NAMES = Object.keys(VARIABLES) as Name[]

const SECRETS = { BUS_SECRET: 's', BUS_ADMIN_SECRET: 'a', DASHBOARD_PASSWORD: 'p', BUS_METRICS_TOKEN: 'm' }
/** What some settings are of no use without. */
const BUCKET = {
  BUS_BACKUP_S3_URL: 'https://s3.example.com/bucket',
  BUS_BACKUP_S3_ACCESS_KEY: 'id',
  BUS_BACKUP_S3_SECRET_KEY: 'key',
}

/** Values that are not the default, as somebody may write them. */
const OTHER: Partial<Record<Name, string>> = {
  HOST: '127.0.0.2',
  LOG_LEVEL: ' Debug ',
  BUS_DB_PATH: './elsewhere/bus.db',
  BUS_KEY_FILE: './elsewhere/bus.key',
  BUS_SQLITE_DRIVER: 'Node',
  BUS_SQLITE_WRITER: ' INLINE',
  BUS_TRUST_PROXY: '2',
  BUS_BACKUP_DIR: './elsewhere',
  BUS_BACKUP_INTERVAL: '24h',
  BUS_BACKUP_KEEP: '30d',
  BUS_BACKUP_RECIPIENT: 'age1abc',
  BUS_BACKUP_S3_URL: 'https://s3.example.com/other',
  BUS_BACKUP_S3_PREFIX: 'pi/',
  BUS_BACKUP_S3_REGION: 'eu-1',
}

function otherOf(name: Name): string {
  const { default: usual } = VARIABLES[name]
  return OTHER[name] ?? (typeof usual === 'boolean' ? (usual ? 'No' : 'Yes') : ` ${Number(usual) + 1} `)
}

/** What the parts of the bus are given. */
function derived(env: Record<string, string>): object {
  const config = readConfig(env)
  return {
    app: appSettings(config, SECRETS, '1'),
    broker: brokerSettings(config),
    room: roomSettings(config),
    backups: backupSettings(config, config.values.BUS_DB_PATH),
    keyFile: config.keyFile,
  }
}

/** Read where the bus starts, or by one part of it alone; each is tried below or by the tests of its name. */
const AT_THE_START: readonly Name[] = [
  'PORT',
  'HOST',
  'LOG_LEVEL',
  'BUS_SQLITE_DRIVER',
  'BUS_SQLITE_WRITER',
  'BUS_DRAIN_SECONDS',
  'BUS_ALLOW_SHORT_SECRETS',
  'BUS_BACKUP_WITH_SECRETS',
]

test.each(NAMES.filter(name => !AT_THE_START.includes(name)))('%s reaches the part that it is for', name => {
  expect(derived({ ...BUCKET, [name]: otherOf(name) })).not.toEqual(derived(BUCKET))
})

test.each(AT_THE_START)('%s is read at the start', name => {
  const places = [
    'main.ts',
    'config/backup-settings.ts',
    'secrets/short-secrets.ts',
    'store/sqlite/driver.ts',
    'store/sqlite/sqlite-store.ts',
  ]
  const sources = places.map(place => readFileSync(join(root, 'service', place), 'utf8')).join('\n')
  expect(sources).toMatch(new RegExp(`values\\.${name}\\b|readValue\\('${name}', process\\.env\\)`))
})

test('no part of the bus reads a setting from the environment in a way of its own', () => {
  const found = execFileSync(
    'git',
    [
      'grep',
      '-lE',
      `process\\.env(\\.|\\[')(${NAMES.join('|')})\\b`,
      '--',
      'service',
      'clients/cli/src',
      'ops',
    ],
    { cwd: root, encoding: 'utf8' },
  )
  const readers = found.split('\n').filter(file => file !== '' && !/\.(test|heavy)\.ts$/.test(file))
  // The health check of the image loads nothing; the others set what a bus that they start will read.
  expect(readers).toEqual([
    'clients/cli/src/commands/import.ts',
    'ops/image/health.js',
    'service/bench/placed-bus.ts',
  ])
})

describe('a start with', () => {
  async function started(
    env: Record<string, string>,
  ): Promise<{ bus: BusProcess; port: number; dir: string }> {
    const dir = mkdtempSync(join(tmpdir(), 'bus-settings-'))
    const bus = new BusProcess(dir, { PORT: '0', ...env })
    onTestFinished(async () => {
      await bus.kill()
      rmSync(dir, { recursive: true, force: true })
    })
    return { bus, port: await bus.ready(), dir }
  }

  test('LOG_LEVEL, however it is written, writes lines of that level', async () => {
    const { bus, port } = await started({ LOG_LEVEL: ' Debug ' })
    await (await fetch(`http://127.0.0.1:${port}/health`)).text()
    while (!bus.out.includes('"level":"debug"')) await new Promise(resolve => setTimeout(resolve, 20))
  })

  test.skipIf(process.platform !== 'linux')('BUS_SQLITE_WRITER=INLINE has a thread less', async () => {
    const threads = async (env: Record<string, string>) => {
      const { bus } = await started(env)
      return execFileSync('ls', [`/proc/${bus.pid}/task`], { encoding: 'utf8' })
        .trim()
        .split('\n').length
    }
    expect(await threads({ BUS_SQLITE_WRITER: ' INLINE ' })).toBeLessThan(await threads({}))
  })
})

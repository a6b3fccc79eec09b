/** The trial of a new release on a copy, with pretended parts: what it may do there, and that nothing of it stays. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WorkedBus } from '../../../clients/shell/test/shell-worker.ts'
import { Pretended, scripts } from './pretended.ts'

/** set-up.sh as far as it tries. */
const SET_UP = `
set -euo pipefail
bus_home=$HOME/intent-bus release=$HOME/release port= local_only=
previous=$HOME/intent-bus/releases/before untried=\${UNTRIED:-}
for name in shared/say lib/settings lib/sqlite shared/supervised lib/service lib/look lib/trial; do . "${scripts}/$name.sh"; done
backup=$bus_home/backups/\${BACKUP:-a-backup}
trap end_trial EXIT
end_trial
try_out
echo tried
`

/** A bus of a few lines, which writes down with what it was started. `broken` ends, `mute` never becomes ready. */
const BUS = `
const { createServer } = require('node:http')
const { writeFileSync, readFileSync, existsSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { env } = process
writeFileSync(join(env.HOME, 'started-with'), JSON.stringify(env))
writeFileSync(join(env.HOME, 'started-on'), readFileSync(env.BUS_DB_PATH))
const how = existsSync(join(env.HOME, 'how')) ? readFileSync(join(env.HOME, 'how'), 'utf8') : ''
if (how === 'broken') {
  console.error('its last words')
  process.exit(1)
}
const ok = how !== 'mute'
const server = createServer((_, answer) => answer.end(JSON.stringify({ ok, reasons: ok ? [] : ['draining'] })))
server.listen(Number(env.PORT), env.HOST, () => {
  writeFileSync(join(dirname(env.BUS_DB_PATH), 'bus.url'), 'http://localhost:' + server.address().port + '\\n')
})
`
/** As \`intent-bus restore FILE\`. */
const RESTORE = `
const { copyFileSync } = require('node:fs')
copyFileSync(process.argv[3], process.env.BUS_DB_PATH)
`
const SMOKE = `
const { existsSync, readFileSync, writeFileSync } = await import('node:fs')
const { env } = process
writeFileSync(env.HOME + '/looked-with', JSON.stringify({ argv: process.argv.slice(2), key: env.BUS_API_KEY }))
const answer = await fetch(process.argv[2] + '/health/ready')
console.log('ok it answers ' + answer.status)
if (existsSync(env.HOME + '/unwell')) {
  console.log('NO a job is published: it is not')
  process.exit(1)
}
console.log('1 well, 0 not')
`

class Tried extends Pretended {
  constructor(how = '') {
    super()
    this.write('set-up.sh', SET_UP)
    this.write('how', how)
    this.write('release/service/launch.js', BUS)
    this.write('release/clients/cli/intent-bus.js', RESTORE)
    this.write('release/ops/acceptance/smoke/run.ts', SMOKE)
    this.write(
      'release/ops/termux/copy-database.ts',
      'import { writeFileSync } from "node:fs"; writeFileSync(process.argv[3]!, "copied as it is at work")',
    )
    mkdirSync(join(this.home, 'release/ops/termux/shared'))
    for (const name of ['environment.sh', 'shared/settings-file.sh', 'small-node.sh']) {
      execFileSync('cp', [join(scripts, name), join(this.home, 'release/ops/termux', name)])
    }
    this.write('release/.sqlite-driver', 'node\n')
    this.write('intent-bus/current/.sqlite-driver', 'better-sqlite3\n')
    this.write(
      'intent-bus/settings.env',
      'HOST=0.0.0.0\nPORT=8080\nBUS_LEASE_SECONDS=99\nBUS_BACKUP_INTERVAL=1d\n',
    )
    this.write('intent-bus/data/bus.db', 'at work')
    this.write('intent-bus/data/bus.key', 'the sealing key')
    this.write('intent-bus/data/secrets.env', 'BUS_SECRET=the-master-key\n')
    this.write('intent-bus/backups/a-backup', 'backed up')
  }

  tried(env: NodeJS.ProcessEnv = {}) {
    return this.run('bash set-up.sh', env)
  }

  /** What is left of trials. */
  get left(): { folder: boolean; processes: string[] } {
    const processes = readdirSync('/proc').filter(name => {
      try {
        return readFileSync(`/proc/${name}/environ`, 'utf8').includes(`BUS_DB_PATH=${this.bus}/.trial/`)
      } catch {
        return false
      }
    })
    return { folder: existsSync(join(this.bus, '.trial')), processes }
  }
}

const NOTHING = { folder: false, processes: [] }

test('it runs on a copy, to itself, with the settings of the bus, and nothing of it stays', () => {
  const phone = new Tried()
  phone.write(
    'intent-bus/settings.env',
    `${phone.read('intent-bus/settings.env')}BUS_BACKUP_S3_URL=https://bucket.example\nBUS_BACKUP_S3_ACCESS_KEY=a\nBUS_MAINTENANCE_MODE=true\nBUS_REQUIRE_SIGNATURES=true\n`,
  )
  expect(phone.tried()).toEqual({
    code: 0,
    out: 'Trying it on a copy of your data, while before goes on\nSmoke suite, there: 1 well, 0 not\ntried\n',
    err: '',
  })
  expect(phone.read('started-on')).toBe('backed up')
  const env = JSON.parse(phone.read('started-with'))
  const trial = join(phone.bus, '.trial')
  expect(env).toMatchObject({
    ...{
      HOST: '127.0.0.1',
      PORT: '0',
      BUS_DB_PATH: join(trial, 'bus.db'),
      BUS_KEY_FILE: join(trial, 'bus.key'),
    },
    ...{ BUS_SQLITE_DRIVER: 'node', BUS_LEASE_SECONDS: '99', BUS_MIN_FREE_DISK_BYTES: '0' },
    ...{ BUS_BACKUP_INTERVAL: '0', BUS_BACKUP_DIR: join(trial, 'backups') },
    ...{ BUS_MAINTENANCE_MODE: 'false', BUS_REQUIRE_SIGNATURES: 'false' },
  })
  expect(Object.keys(env).filter(name => name.startsWith('BUS_BACKUP_S3'))).toEqual([])
  const looked = JSON.parse(phone.read('looked-with'))
  expect(looked).toEqual({
    argv: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)],
    key: 'the-master-key',
  })
  expect(looked.argv[0]).not.toContain('8080')
  expect(phone.left).toEqual(NOTHING)
  expect(phone.read('intent-bus/data/bus.db')).toBe('at work')
})

test.each([
  ['ends by itself', 'broken', 'it ends by itself', 'its last words'],
  ['never becomes ready', 'mute', 'it does not become ready', ''],
])('one that %s is not switched to, and says why', (_, how, why, words) => {
  const phone = new Tried(how)
  const { code, out, err } = phone.tried({ BUS_READY_SECONDS: '1' })
  expect(code).toBe(1)
  expect(out).not.toContain('tried')
  expect(err).toContain(`It stopped: the new release does not prove itself on a copy of your data: ${why}.`)
  expect(err).toContain('Nothing was switched: before has gone on all the time.')
  expect(err).toContain(words)
  expect(phone.left).toEqual(NOTHING)
})

test('one that is ready, and does not do jobs, is not switched to', () => {
  const phone = new Tried()
  phone.write('unwell', '')
  const { code, err } = phone.tried()
  expect(code).toBe(1)
  expect(err).toMatch(/^NO a job is published: it is not\n/)
  expect(err).toContain('not all about it is well')
  expect(phone.left).toEqual(NOTHING)
})

test('a backup that cannot be restored is no copy', () => {
  const phone = new Tried()
  const { code, err } = phone.tried({ BACKUP: 'none' })
  expect(code).toBe(1)
  expect(err).toContain('ENOENT')
  expect(err).toContain('the copy could not be made')
  expect(phone.left).toEqual(NOTHING)
})

test('of a backup that is sealed for somebody else, it takes what that was made of', () => {
  const phone = new Tried()
  expect(phone.tried({ BACKUP: 'a-backup.age' })).toMatchObject({ code: 0, err: '' })
  expect(phone.read('started-on')).toBe('copied as it is at work')
})

test('what is copied so is a whole database, taken while a bus is at work on it', async () => {
  const bus = await WorkedBus.start()
  onTestFinished(() => bus.remove())
  const id = await bus.publish('copied', 'null')
  const copy = join(new Pretended().home, 'copy.db')
  execFileSync(process.execPath, [join(scripts, 'copy-database.ts'), bus.database, copy])
  const intents = new Sqlite(copy).prepare('SELECT id FROM intents').all()
  expect(intents).toEqual([{ id }])
})

test('a key file of its own is copied, and not worked with', () => {
  const phone = new Tried()
  phone.write('intent-bus/own.key', 'another')
  phone.write('intent-bus/settings.env', 'BUS_KEY_FILE=own.key\n')
  phone.command('cp', 'echo "$@" >> "$HOME/copied"; exec /bin/cp "$@"')
  expect(phone.tried()).toMatchObject({ code: 0, err: '' })
  expect(phone.read('copied')).toContain(`own.key ${phone.bus}/.trial/bus.key`)
  expect(JSON.parse(phone.read('started-with')).BUS_KEY_FILE).toBe(join(phone.bus, '.trial/bus.key'))
})

test('without room for a copy it stops, and says how much is missing; told so, it goes on without a trial', () => {
  const phone = new Tried()
  phone.command('df', 'printf "Filesystem 1K-blocks Used Available Use%% Mounted\\nx 1 1 20480 1%% /\\n"')
  const { code, err } = phone.tried()
  expect(code).toBe(1)
  expect(err).toMatch(
    /to try the new release on a copy of your data takes \d\d MiB, and 20 are free\.\nMake room/,
  )
  expect(err).toContain('--untried')
  expect(existsSync(join(phone.home, 'started-with'))).toBe(false)
  expect(phone.tried({ UNTRIED: 'yes' })).toEqual({
    code: 0,
    out: 'It is not tried on a copy of your data first, as you said.\ntried\n',
    err: '',
  })
})

test('killed in the midst of it, what is left is ended and gone with the next run; stopped by hand, at once', async () => {
  const phone = new Tried('mute')
  const started = () => existsSync(join(phone.bus, '.trial/bus.url'))
  const SOON = { timeout: 20_000, interval: 50 }
  const killed = phone.runBeside('echo $$ > pid; exec bash set-up.sh')
  await vi.waitUntil(started, SOON)
  process.kill(Number(phone.read('pid')), 'SIGKILL')
  await killed
  expect(phone.left).toMatchObject({ folder: true, processes: [expect.any(String)] })
  phone.write('how', '')
  expect(phone.tried()).toMatchObject({ code: 0, err: '' })
  expect(phone.left).toEqual(NOTHING)

  phone.write('how', 'mute')
  const stopped = phone.runBeside('echo $$ > pid; exec bash set-up.sh')
  await vi.waitUntil(started, SOON)
  process.kill(Number(phone.read('pid')), 'SIGTERM')
  await stopped
  expect(phone.left).toEqual(NOTHING)
})

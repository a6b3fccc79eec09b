/**
 * Lines that users of version 0.1.0 wrote down as its docs and installers had them: units, a crontab, services of Termux. Each
 * runs as it was, on the tree of today.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Answers, type Asked, standIns } from '../../clients/phone/test/handled.ts'
import { folder, WorkedBus } from '../../clients/shell/test/shell-worker.ts'
import { toolbox } from '../../clients/shell/test/shells.ts'
import { PATIENT } from '../../service/test/support/patience.ts'
import { freePort } from '../../service/test/support/ports.ts'
import { root } from '../../service/test/support/root.ts'

let bus: WorkedBus
beforeAll(async () => {
  bus = await WorkedBus.start()
})
afterAll(() => bus.remove())

type Started = { process: ChildProcess; ended: Promise<number | null>; said: () => string }

/** Starts a line as its own process, as systemd, cron and runit do. @param env all it gets */
function start(line: string, env: NodeJS.ProcessEnv, cwd = folder()): Started {
  const process = spawn('/bin/sh', ['-c', `exec ${line}`], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    process.kill('SIGKILL')
  })
  let said = ''
  for (const stream of [process.stdout!, process.stderr!]) {
    stream.on('data', chunk => {
      said += chunk
    })
  }
  const ended = new Promise<number | null>(resolve => process.on('close', resolve))
  return { process, ended, said: () => said }
}

describe('a line on a server', () => {
  /** A program of the user's that prints the payload. */
  function job(): string {
    const path = join(folder(), 'job')
    writeFileSync(path, '#!/bin/sh\ncat\n', { mode: 0o755 })
    return path
  }
  const here = (line: string) => line.replace(/\/opt\/intent-bus|\/home\/pi\/intent-bus/, root)
  const env = () => ({ PATH: process.env['PATH'], ...bus.environment })

  test.each([
    [
      'the unit',
      '/usr/bin/env sh /opt/intent-bus/ops/workers/worker.sh -- /usr/local/bin/intent-bus-job',
      'gate',
    ],
    [
      "a unit of the user's own",
      '/opt/intent-bus/ops/workers/worker.sh --goal shout -- /usr/local/bin/shout',
      'shout',
    ],
  ])('%s of a shell worker does a job, and ends at a SIGTERM', async (_, line, goal) => {
    const id = await bus.publish(goal, '"kept"')
    const worker = start(here(line).replace(/\S+$/, job()), { ...env(), BUS_GOAL: goal })
    expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: '"kept"' })
    worker.process.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })

  test('the crontab has a worker take one job', async () => {
    const line =
      'sh /home/pi/intent-bus/ops/workers/worker.sh --goal backup --wait 0 --once -- /home/pi/backup.sh'
    const id = await bus.publish('backup', '"tonight"')
    const worker = start(here(line).replace('/home/pi/backup.sh', job()), env())
    expect(await worker.ended).toBe(0)
    expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: '"tonight"' })
  })

  test('the webhook worker and json.sh run where they were, and by a link', () => {
    const webhook = spawnSync('sh', [join(root, 'ops/workers/webhook.sh'), '--help'], { encoding: 'utf8' })
    expect(webhook).toMatchObject({ status: 0, stdout: expect.stringContaining('--allow') })
    const link = join(folder(), 'json')
    symlinkSync(join(root, 'ops/workers/json.sh'), link)
    const read = spawnSync(link, ['text', 'id'], { input: '{"id":"a b"}', encoding: 'utf8' })
    expect(read).toMatchObject({ status: 0, stdout: 'a b', stderr: '' })
  })

  test.each([
    ['/opt/intent-bus/node_modules/.bin/node service/launch.js'],
    ['/opt/intent-bus/node_modules/.bin/node --disable-sigusr1 service/launch.js'],
  ])('the unit of the bus starts it: %s', async line => {
    const dir = folder()
    const settings = { PATH: process.env['PATH'], PORT: '0', BUS_DB_PATH: join(dir, 'bus.db') }
    const started = start(here(line), settings, root)
    await vi.waitUntil(() => started.said().includes('is ready'), PATIENT)
    started.process.kill('SIGTERM')
    expect(await started.ended).toBe(0)
  })

  test('the unit that systemd was given a link to is that of today', () => {
    const unit = join(root, 'ops/workers/intent-bus-worker.service')
    expect(realpathSync(unit)).toBe(realpathSync(join(root, 'clients/shell/intent-bus-worker.service')))
    expect(readFileSync(unit, 'utf8')).toMatch(/^ExecStart=/m)
  })

  test('a worker that runs during the upgrade finds what it reads while it runs', () => {
    for (const name of ['json.awk', 'quote.awk']) {
      expect(existsSync(join(root, 'ops/workers/parts', name)), name).toBe(true)
    }
  })
})

/** What a Termux has of it, with the programs of this machine. */
class Termux {
  readonly home = folder()
  readonly prefix = folder()
  readonly env: Record<string, string>
  readonly asked: () => Asked[]

  constructor(answers: Answers = {}) {
    const also = ['basename', 'bash', 'chmod', 'grep', 'mkdir', 'sha256sum', 'timeout', 'tee']
    const bin = toolbox(join(this.prefix, 'bin'), { also })
    symlinkSync(process.execPath, join(bin, 'node'))
    this.asked = standIns(bin, answers)
    mkdirSync(join(this.prefix, 'tmp'))
    this.env = { HOME: this.home, PREFIX: this.prefix, PATH: bin, NO_PROXY: '127.0.0.1' }
  }

  write(path: string, text: string): string {
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text, { mode: 0o755 })
    return path
  }

  /** This tree, as if it were installed there. */
  install(path: string): void {
    mkdirSync(path, { recursive: true })
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(path, name))
  }

  run(line: string) {
    return spawnSync(join(this.prefix, 'bin/sh'), ['-c', line], {
      cwd: this.home,
      env: this.env,
      encoding: 'utf8',
    })
  }
}

describe('on a phone', () => {
  test('Termux:Boot has the bus started, and its commands find it', async () => {
    const phone = new Termux({ 'termux-wake-lock': '' })
    const { home, prefix } = phone
    phone.install(join(home, 'intent-bus/current'))
    writeFileSync(join(home, 'intent-bus/current/.sqlite-driver'), 'better-sqlite3\n')
    const port = await freePort()
    phone.write(join(home, 'intent-bus/settings.env'), `HOST=127.0.0.1\nPORT=${port}\n`)
    phone.write(
      join(prefix, 'var/service/intent-bus/run'),
      `#!${prefix}/bin/sh
[ ! -e '${home}/intent-bus/.going-back' ] || exit 1
exec ${prefix}/bin/bash '${home}/intent-bus/current/ops/termux/run.sh' 2>&1
`,
    )
    // In the place of runit's supervisor, and with as little in its environment.
    phone.write(
      join(prefix, 'etc/profile.d/start-services.sh'),
      `env -i "$PREFIX/var/service/intent-bus/run" > '${prefix}/log' &\necho $! > '${prefix}/pid'\n`
        .replace('env -i', `env -i HOME='${home}' PREFIX='${prefix}'`)
        .replace('env', '/usr/bin/env'),
    )
    const boot = phone.write(
      join(home, '.termux/boot/intent-bus'),
      `#!${prefix}/bin/sh
export PREFIX='${prefix}' PATH="${prefix}/bin:$PATH"
# Without the lock, Android stops the processor soon after the screen is off.
termux-wake-lock
# The number of the supervisor before the restart may be that of something else by now: it would count as running.
daemon=${prefix}/var/run/service-daemon.pid
grep -qs runsvdir "/proc/$(cat "$daemon")/cmdline" || rm -f "$daemon"
. ${prefix}/etc/profile.d/start-services.sh
date > '${home}/intent-bus/last-boot'
`,
    )
    onTestFinished(() => {
      if (existsSync(join(prefix, 'pid'))) process.kill(Number(readFileSync(join(prefix, 'pid'), 'utf8')))
    })
    const booted = spawnSync(boot, { env: phone.env, stdio: 'ignore' })
    expect(booted.status).toBe(0)
    const ready = () =>
      fetch(`http://127.0.0.1:${port}/health/ready`).then(
        answer => answer.ok,
        () => false,
      )
    await vi.waitUntil(ready, PATIENT)
    const command = (name: string, script: string, args: string) => {
      const text = `#!${prefix}/bin/sh\nexec ${prefix}/bin/bash '${home}/intent-bus/current/ops/termux/${script}' "$@"\n`
      phone.write(join(prefix, 'bin', name), text)
      return phone.run(`${name} ${args}`)
    }
    expect(command('intent-bus', 'command.sh', 'keys create door')).toMatchObject({ status: 0 })
    const password = command('intent-bus-phone', 'intent-bus-phone', 'password')
    expect(password).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\S{10,}\n$/), stderr: '' })
  })

  test('the service of a worker does a job, and what a killed one leaves is ended', async () => {
    const phone = new Termux({ 'termux-notification': '' })
    const { home, prefix } = phone
    const worker = join(home, 'intent-bus-worker')
    phone.install(join(worker, 'code'))
    writeFileSync(join(worker, 'key'), bus.environment['BUS_API_KEY']!)
    const settings = `BUS_URL='${bus.environment['BUS_URL']}'\nBUS_NAMESPACE='phone'\nBUS_SIGN='false'\n`
    writeFileSync(join(worker, 'settings.env'), settings)
    const service = join(prefix, 'var/service/intent-bus-worker')
    const run = phone.write(
      join(service, 'run'),
      `#!${prefix}/bin/sh\nexec ${prefix}/bin/sh '${worker}/code/ops/termux/run-worker.sh' 2>&1\n`,
    )
    const finish = phone.write(
      join(service, 'finish'),
      `#!${prefix}/bin/sh\nexec ${prefix}/bin/sh '${worker}/code/ops/termux/finish-worker.sh' "$1"\n`,
    )
    const env = { HOME: home, PREFIX: prefix, NO_PROXY: '127.0.0.1' }
    const running = start(run, env, service)
    const id = await bus.publish('notify', '"Somebody is at the door"', { namespace: 'phone' })
    expect(await bus.result(id)).toMatchObject({ status: 'fulfilled' })
    expect(phone.asked()[0]!.args).toContain('Somebody is at the door')
    running.process.kill('SIGKILL')
    await running.ended
    expect(existsSync(join(service, 'group'))).toBe(true)
    expect(spawnSync(finish, ['0'], { env, cwd: service }).status).toBe(0)
    expect(existsSync(join(service, 'group'))).toBe(false)

    phone.write(
      join(prefix, 'bin/intent-bus-worker'),
      `#!${prefix}/bin/sh\nexec ${prefix}/bin/bash '${worker}/code/ops/termux/intent-bus-worker' "$@"\n`,
    )
    expect(phone.run('intent-bus-worker list').stdout).toMatch(/^notify +on$/m)
  })

  test.each([
    'bash ~/intent-bus-worker/code/ops/termux/install-worker.sh --help',
    'bash intent-bus-source/ops/termux/install-worker.sh --help',
    'BUS_URL=http://192.168.1.20:8080 BUS_API_KEY_FILE=~/.bus-key sh intent-bus-source/ops/termux/worker.sh --help',
    'bash intent-bus-source/ops/termux/bootstrap.sh --help',
    'bash ~/intent-bus/current/ops/termux/bootstrap.sh --help',
  ])('%s', line => {
    const phone = new Termux()
    for (const place of ['intent-bus-worker/code', 'intent-bus-source', 'intent-bus/current']) {
      phone.install(join(phone.home, place))
    }
    expect(phone.run(line)).toMatchObject({ status: 0, stdout: expect.stringContaining('--'), stderr: '' })
  })

  test('the first worker for notifications still shows them', async () => {
    const phone = new Termux({ 'termux-notification': '' })
    phone.install(join(phone.home, 'intent-bus'))
    const worker = start(`sh ${phone.home}/intent-bus/ops/workers/termux-notify.sh --worker-id phone 2>&1`, {
      ...phone.env,
      ...bus.environment,
    })
    const id = await bus.publish('notify', '{"title":"Door","text":"open"}')
    expect(await bus.result(id)).toMatchObject({ status: 'fulfilled' })
    expect(phone.asked()[0]!.args.slice(2, 6)).toEqual(['--title', 'Door', '--content', 'open'])
    worker.process.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })
})

test.each([
  'clients/cli/intent-bus.js',
  'ops/alertmanager/alertmanager.yml',
  'ops/image/make-secrets.js',
  'ops/prometheus/prometheus.yml',
  'ops/prometheus/rules',
  'ops/salvage-log.js',
  'ops/salvage.sql',
  'ops/server/Caddyfile',
  'ops/server/cloudflared.yml',
  'ops/server/intent-bus.service',
  'ops/server/nginx.conf',
  'ops/server/traefik.yml',
  'docker-compose.yml',
  'docker-compose.nas.yml',
  'docker-compose.traefik.yml',
])('%s, which the docs named, is where it was', path => {
  expect(existsSync(join(root, path))).toBe(true)
})

/** The worker of a phone under a real supervisor: how it is stopped, and what becomes of what a killed one leaves. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { root } from '../../../service/test/support/root.ts'
import { folder, running, WorkedBus } from '../../shell/test/shell-worker.ts'
import { toolbox } from '../../shell/test/shells.ts'
import { type Answers, type Asked, standIns } from './handled.ts'

const missing = ['bash', 'curl', 'runsv', 'sv'].find(name => installed(name) === undefined)
const SOON = { timeout: 30_000, interval: 50 }

/** A phone on which the worker is installed, and does not run yet. */
class Supervised {
  readonly prefix = folder()
  readonly home = folder()
  readonly worker = join(this.home, 'intent-bus-worker')
  readonly service = join(this.prefix, 'var/service/intent-bus-worker')
  readonly asked: () => Asked[]
  readonly #env: Record<string, string>

  constructor(settings: Record<string, string>, answers: Answers) {
    const bin = toolbox(join(this.prefix, 'bin'), { also: ['basename', 'timeout', 'mkdir', 'runsv', 'sv'] })
    this.asked = standIns(bin, answers)
    this.#env = { PREFIX: this.prefix, HOME: this.home, PATH: bin, NO_PROXY: '127.0.0.1' }
    const logger = join(this.prefix, 'share/termux-services')
    mkdirSync(logger, { recursive: true })
    writeFileSync(join(logger, 'svlogger'), `#!/bin/sh\nexec cat >> '${this.prefix}/log'\n`, { mode: 0o755 })
    mkdirSync(join(this.worker, 'code'), { recursive: true })
    for (const name of ['clients', 'ops']) symlinkSync(join(root, name), join(this.worker, 'code', name))
    writeFileSync(join(this.worker, 'key'), settings['BUS_API_KEY'] ?? 'k')
    this.settings = Object.entries({ BUS_SIGN: 'false', ...settings }).map(
      ([name, value]) => `${name}='${value}'`,
    )
    this.does('install_service && rm "$service/down"')
  }

  set settings(lines: string[]) {
    writeFileSync(join(this.worker, 'settings.env'), `${lines.join('\n')}\n`)
  }

  #script(line: string): string[] {
    const names = ['ops/termux/shared/say', 'ops/termux/shared/supervised', 'clients/phone/lib/service']
    const sourced = names.map(name => `. ${root}/${name}.sh`)
    return ['-euo', 'pipefail', '-c', ['worker_home=$HOME/intent-bus-worker', ...sourced, line].join('\n')]
  }

  /** What a script of the phone does, with what it sources for the service. @param path what it finds first */
  does(line: string, path = ''): void {
    const env = { ...this.#env, PATH: `${path}${delimiter}${process.env['PATH']}` }
    const { status, stderr } = spawnSync('bash', this.#script(line), { encoding: 'utf8', env })
    if (status !== 0) throw new Error(`${line} ended with ${status}: ${stderr}`)
  }

  /** Like the above, and goes on meanwhile. @returns what it said */
  async meanwhile(line: string): Promise<string> {
    const env = { ...this.#env, PATH: process.env['PATH'] ?? '' }
    const script = spawn('bash', this.#script(line), { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    script.stdout.on('data', chunk => {
      said += chunk
    })
    await new Promise(resolve => script.on('close', resolve))
    return said
  }

  start(): void {
    const supervisor = spawn('runsv', [this.service], { env: this.#env, stdio: 'ignore' })
    onTestFinished(async () => {
      const gone = new Promise(resolve => supervisor.on('close', resolve))
      spawnSync('sv', ['-w', '10', 'force-shutdown', this.service])
      await gone
    })
  }

  get log(): string {
    const file = join(this.prefix, 'log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** Its process id; an empty text when it does not run. */
  get pid(): string {
    const file = join(this.service, 'supervise/pid')
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  }

  /** The file with the number of the group that does a job. */
  get handlerGroup(): string | undefined {
    const tmp = join(this.worker, 'tmp')
    if (!existsSync(tmp)) return undefined
    return readdirSync(tmp)
      .map(name => join(tmp, name, 'handler.group'))
      .find(file => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'))
  }
}

describe.skipIf(missing !== undefined)(
  `the service of a phone's worker${missing === undefined ? '' : ` (skipped: ${missing} is not installed)`}`,
  () => {
    let bus: WorkedBus
    beforeAll(async () => {
      bus = await WorkedBus.start()
    })
    afterAll(() => bus.remove())

    test('stopped while it does a job, it finishes it first, and says so', async () => {
      const opened = join(folder(), 'opened')
      spawnSync('mkfifo', [opened])
      const phone = new Supervised(bus.environment, { 'termux-vibrate': `cat '${opened}'` })
      phone.start()
      const id = await bus.publish('vibrate', 'null', { namespace: 'phone' })
      await vi.waitUntil(() => phone.handlerGroup !== undefined && phone.asked().length > 0, SOON)
      const stopped = phone.meanwhile('stop_worker')
      await vi.waitUntil(() => phone.log.includes('stopping when this job is done'), SOON)
      writeFileSync(opened, '')
      expect(await stopped).toBe('It finishes its job first, for up to 150 s.\n')
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled' })
      expect(phone.pid).toBe('')
      // And no number is left to be taken for that of something else.
      await vi.waitUntil(() => !existsSync(join(phone.service, 'group')), SOON)
    })

    test.each([
      [[], '150'],
      [['BUS_TIMEOUT=20', "BUS_TIMEOUT='300'"], '330'],
      [['BUS_TIMEOUT="45"'], '75'],
      [['BUS_TIMEOUT=0'], '150'],
    ])('a stop waits half a minute longer than a job may take: %j', (lines, seconds) => {
      const phone = new Supervised({}, {})
      phone.settings = lines
      mkdirSync(join(phone.service, 'supervise'))
      const bin = folder()
      const asked = standIns(bin, { sv: '' })
      phone.does('stop_worker', bin)
      expect(asked().map(({ args }) => args)).toEqual([['-w', seconds, 'force-stop', phone.service]])
    })

    test('killed in the midst of a job, it leaves no handler: the torch goes off', async () => {
      const phone = new Supervised(bus.environment, { 'termux-torch': '' })
      phone.start()
      const id = await bus.publish('torch', '{"on":true,"seconds":60}', { namespace: 'phone' })
      await vi.waitUntil(() => phone.handlerGroup !== undefined && phone.asked().length > 0, SOON)
      const kept = join(folder(), 'group')
      writeFileSync(kept, readFileSync(phone.handlerGroup!))
      const killed = phone.pid
      process.kill(Number(killed), 'SIGKILL')
      await vi.waitUntil(() => !['', killed].includes(phone.pid), SOON)
      // What was killed is there until its parent has looked.
      await vi.waitUntil(() => running(kept).length === 0, SOON)
      expect(phone.asked().map(({ args }) => args[0])).toEqual(['on', 'off'])
      await bus.cancel(id)
    })

    test('numbers that were written down before the phone went off are not those of its own any more', async () => {
      const phone = new Supervised({}, { 'termux-torch': '' })
      const stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
      onTestFinished(() => {
        stranger.kill('SIGKILL')
      })
      writeFileSync(join(phone.service, 'group'), `${stranger.pid}\n`)
      mkdirSync(join(phone.worker, 'tmp/of-a-job'), { recursive: true })
      writeFileSync(join(phone.worker, 'tmp/of-a-job/handler.group'), `${stranger.pid}\n`)
      // It ends before it has a number.
      phone.settings = ['exit 4']
      phone.start()
      await vi.waitUntil(() => existsSync(join(phone.service, 'refused')), SOON)
      expect({ exit: stranger.exitCode, signal: stranger.signalCode }).toEqual({ exit: null, signal: null })
      process.kill(stranger.pid!, 0)
    })
  },
)

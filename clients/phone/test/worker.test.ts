/** What the worker of a phone offers and asks for, before there is any job. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, listening, ShellWorker } from '../../shell/test/shell-worker.ts'
import { shellNamed, toolbox, workers } from '../../shell/test/shells.ts'
import { standIns } from './handled.ts'

const { command, missing, name } = shellNamed('sh', ['sh'])
const script = '../phone/worker.sh'

describe.skipIf(missing !== null)(`the worker of a phone in ${name}`, () => {
  /** A phone that has these commands of Termux:API. @returns its PATH */
  function phone(...commands: string[]): string {
    const bin = toolbox(join(folder(), 'bin'), { also: ['basename', 'timeout'] })
    standIns(bin, Object.fromEntries(commands.map(command => [command, ''])))
    return bin
  }

  /** What it asks the bus for. */
  async function claimed(env: Record<string, string>): Promise<URLSearchParams> {
    let asked = ''
    const url = await listening((request, response) => {
      asked = request.url!
      response.writeHead(204, { 'x-intent-version': '7.61' }).end()
    })
    const worker = new ShellWorker(command, script, ['--once'], { BUS_URL: url, BUS_API_KEY: 'k', ...env })
    expect(await worker.exited).toBe(7)
    return new URL(asked, url).searchParams
  }

  const list = (env: Record<string, string>) =>
    Object.fromEntries(
      spawnSync(command[0]!, [join(workers, script), '--list'], { encoding: 'utf8', env })
        .stdout.trimEnd()
        .split('\n')
        .map(line => line.split(/ +(.*)/).slice(0, 2)),
    )

  test('asks once a minute, for any goal in the namespace phone', async () => {
    const asked = await claimed({ PATH: phone('termux-notification') })
    expect(asked.get('wait')).toBe('60')
    expect(asked.get('namespace')).toBe('phone')
    expect(asked.has('goal')).toBe(false)
  })

  test('advertises what is installed and allowed', async () => {
    const PATH = phone('termux-notification', 'termux-torch', 'termux-sms-send', 'termux-location')
    expect((await claimed({ PATH })).get('capabilities')).toBe('notify,torch')
    const more = { PATH, PHONE_ALLOW: 'sms, photo', BUS_CAPABILITIES: 'kitchen' }
    expect((await claimed(more)).get('capabilities')).toBe('notify,sms,torch,kitchen')
  })

  test('lists every handler, and why one is off', () => {
    const listed = list({ PATH: phone('termux-notification', 'termux-sms-send'), PHONE_ALLOW: 'photo' })
    expect(listed).toMatchObject({
      notify: 'on',
      sms: 'not allowed: add it to PHONE_ALLOW',
      photo: 'termux-camera-photo is not installed: pkg install termux-api',
    })
    const files = readdirSync(join(workers, '../phone/handlers')).filter(file => file.endsWith('.sh'))
    expect(Object.keys(listed)).toEqual(files.map(file => file.slice(0, -3)))
  })

  test('what tells about the owner or costs money is off until it is allowed', () => {
    const everything = Object.keys(list({ PATH: phone() }))
    const PATH = phone(
      ...'notification tts-speak vibrate torch battery-status sms-send camera-photo sensor location clipboard-set'
        .split(' ')
        .map(name => `termux-${name}`),
    )
    const on = (env: Record<string, string>) =>
      Object.entries(list({ PATH, ...env })).flatMap(([name, state]) => (state === 'on' ? [name] : []))
    expect(on({})).toEqual(['battery', 'notify', 'speak', 'torch', 'vibrate'])
    expect(on({ PHONE_ALLOW: 'sms photo sensor,location,clipboard' })).toEqual(everything)
  })

  test.each([
    [{ PATH: () => phone() }, 'this phone can do nothing yet: pkg install termux-api'],
    [
      { PATH: () => phone('termux-torch'), PHONE_ALLOW: 'smss' },
      "PHONE_ALLOW names 'smss'; there are: battery ",
    ],
  ])('ends with 2 and says why: %#', async ({ PATH, ...env }, reason) => {
    const worker = new ShellWorker(command, script, ['--once'], { PATH: PATH(), BUS_API_KEY: 'k', ...env })
    expect(await worker.exited).toBe(2)
    expect(worker.errors).toContain(`worker: ${reason}`)
  })

  test('--help names every setting that it and its handlers read', () => {
    const { stdout, status } = spawnSync(command[0]!, [join(workers, script), '--help'], { encoding: 'utf8' })
    expect(status).toBe(0)
    const found = spawnSync(
      'grep',
      ['-rhoE', 'PHONE_[A-Z_]+', ...['worker.sh', 'handlers'].map(name => join(workers, '../phone', name))],
      { encoding: 'utf8' },
    )
    const read = new Set(found.stdout.trim().split('\n'))
    // The one that it tells its handlers.
    read.delete('PHONE_HANDLERS')
    for (const name of read) expect(stdout, name).toContain(name)
    expect(read).toContain('PHONE_SMS_TO')
  })
})

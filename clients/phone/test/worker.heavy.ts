/**
 * The life of a phone as a worker, from the line that is pasted to the day it is taken away, in the fake Termux. The tests
 * follow each other: each finds the phone as the one before has left it.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PREFIX } from '../../../ops/test/termux/packages.ts'
import { HOME, Phone, termux } from '../../../ops/test/termux/phone.ts'
import { makeRelease, type Release } from '../../../ops/test/termux/release.ts'
import { WorkedBus } from '../../shell/test/shell-worker.ts'

const WORKER = `${HOME}/intent-bus-worker`
const SOON = { timeout: 60_000, interval: 200 }
const SECRET = 'a key of the tests, and of no other bus'.replaceAll(/[ ,]+/g, '-')

describe.skipIf(termux.reason !== null)(termux.named('the worker on a phone'), () => {
  let release: Release
  beforeAll(() => {
    release = makeRelease()
  })
  afterAll(() => rmSync(dirname(release.tarball), { recursive: true }))

  describe.each(['coreutils', 'busybox'] as const)('with %s', userland => {
    let phone: Phone
    let bus: WorkedBus
    let url: string
    beforeAll(async () => {
      bus = await WorkedBus.start({ BUS_SECRET: SECRET })
      url = bus.environment['BUS_URL']!
      phone = new Phone(userland)
      await phone.on()
      execFileSync('cp', [release.tarball, phone.path(`${HOME}/release.tar.gz`)])
      execFileSync('chmod', ['644', phone.path(`${HOME}/release.tar.gz`)])
      await phone.must('mkdir source && tar xzf release.tar.gz -C source --strip-components 1')
    })
    afterAll(async () => {
      await phone?.remove()
      await bus?.remove()
    })

    const install = (options = '', input = '') =>
      phone.run(`bash source/clients/phone/install.sh ${options}`, { input })
    const asked = (command: string) => phone.calls.filter(call => call.split(' ')[0] === command)
    const notify = (text: string) => bus.publish('notify', JSON.stringify(text), { namespace: 'phone' })
    const shown = (text: string) =>
      asked('termux-notification').some(call => call.includes(`--content ${text}`))
    const setting = (name: string) =>
      new RegExp(`^${name}='(.*)'$`, 'm').exec(readFileSync(phone.path(`${WORKER}/settings.env`), 'utf8'))![1]
    /** Its process id; 0 when it does not run. */
    const supervised = async () =>
      Number(/\(pid (\d+)\)/.exec((await phone.run('intent-bus-worker status')).out)?.[1] ?? 0)

    test('a wrong key, no bus, or a misspelt permission is said before anything is installed', async () => {
      const wrong = await install(`--url ${url}`, 'tk_wrong\n')
      expect(wrong).toMatchObject({
        code: 1,
        err: expect.stringContaining('the bus does not know this key.'),
      })
      const nowhere = await install('--url http://127.0.0.1:1', `${SECRET}\n`)
      expect(nowhere.err).toContain('there is no bus at http://127.0.0.1:1')
      const misspelt = await install(`--url ${url} --allow smss`, `${SECRET}\n`)
      expect(misspelt).toMatchObject({ code: 2, err: expect.stringContaining("--allow names 'smss'") })
      const injected = await install(`--url ${url} --name "a'; id'"`, `${SECRET}\n`)
      expect(injected).toMatchObject({
        code: 2,
        err: expect.stringContaining('--name has a character in it'),
      })
      expect(existsSync(phone.path(WORKER))).toBe(false)
    })

    test('without the app Termux:API it says so, and installs no service', async () => {
      await phone.must('mv "$PREFIX/bin/termux-battery-status" "$PREFIX/tmp/kept"')
      await phone.must('printf "#!$PREFIX/bin/sh\\nexit 124\\n" > "$PREFIX/bin/termux-battery-status"')
      await phone.must('chmod +x "$PREFIX/bin/termux-battery-status"')
      const { code, err } = await install(`--url ${url}`, `${SECRET}\n`)
      expect(code).toBe(1)
      expect(err).toContain('the app Termux:API does not answer.')
      expect(existsSync(phone.path(WORKER))).toBe(false)
      await phone.must('mv -f "$PREFIX/tmp/kept" "$PREFIX/bin/termux-battery-status"')
    })

    test('the text of a QR code, pasted, makes it a worker, and it shows its first notification', async () => {
      const { code, out, err } = await install('--name kitchen', `BUS_URL=${url} BUS_API_KEY=${SECRET}\n`)
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('the text of its QR code') })
      expect(out).toMatch(/The first notification came \d+ s after it was sent/)
      expect(out).toContain(`This phone is the worker kitchen of ${url}`)
      expect(out).toMatch(/notify +on/)
      expect(out).toMatch(/sms +not allowed/)
      expect(out).toContain('Termux:Boot')
      expect(`${out}${err}`.replace(/BUS_API_KEY=\S+/, '')).not.toContain(SECRET)
      expect(shown('This phone does jobs now.')).toBe(true)
      expect(asked('termux-wake-lock')).toHaveLength(1)
      for (const name of ['key', 'settings.env']) {
        expect(statSync(phone.path(`${WORKER}/${name}`)).mode & 0o077, name).toBe(0)
      }
    })

    test('it needs nothing of what it was installed from', async () => {
      await phone.must('mv source gone')
      const id = await notify('without the source')
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled' })
      expect(shown('without the source')).toBe(true)
      await phone.must('mv gone source')
    })

    test('run again with a permission it keeps the rest, and does what it may now', async () => {
      expect((await install('--allow location')).code).toBe(0)
      expect(setting('BUS_WORKER_ID')).toBe('kitchen')
      phone.answer('termux-location', '{"latitude": 52.5}')
      const id = await bus.publish('location', '{}', { namespace: 'phone', required_capability: 'location' })
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: { latitude: 52.5 } })
      expect((await install('--allow none')).code).toBe(0)
      expect(await phone.must('intent-bus-worker list')).toMatch(/location +not allowed/)
    })

    test('killed with -9 it is back by itself, and does what comes then', async () => {
      const pid = await supervised()
      await phone.must(`kill -9 ${pid}`)
      // In the instant before that, the poll of the dead one can still take a job; it comes back when its lease runs out.
      await vi.waitUntil(async () => ![0, pid].includes(await supervised()), SOON)
      expect(await bus.result(await notify('after the kill'))).toMatchObject({ status: 'fulfilled' })
      // Of its jobs' payloads, nothing.
      expect(readdirSync(phone.path(`${WORKER}/tmp`))).toHaveLength(1)
    })

    test('killed in the midst of a job, it takes its handler with it: the torch goes off', async () => {
      const id = await bus.publish('torch', '{"on":true,"seconds":60}', { namespace: 'phone' })
      await vi.waitUntil(() => asked('termux-torch').length === 1, SOON)
      await phone.must(`kill -9 ${await supervised()}`)
      // By itself it would stay on for longer.
      await vi.waitUntil(() => asked('termux-torch').at(-1) === 'termux-torch off', {
        ...SOON,
        timeout: 30_000,
      })
      await bus.cancel(id)
    })

    test('after a reboot the boot script brings it up, with the wake lock', async () => {
      const locks = asked('termux-wake-lock').length
      await phone.off()
      const id = await notify('while it was off')
      await phone.on()
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled' })
      expect(asked('termux-wake-lock')).toHaveLength(locks + 1)
      expect(existsSync(phone.path(`${WORKER}/last-boot`))).toBe(true)
    })

    test('the number of a supervisor that is no more, and is now that of something else, keeps nothing from starting', async () => {
      const old = `${PREFIX}/var/run/service-daemon.pid`
      await phone.off()
      // There is always a process with this number.
      writeFileSync(phone.path(old), '1\n')
      await phone.on()
      expect(await bus.result(await notify('after a stale number'))).toMatchObject({ status: 'fulfilled' })
    })

    test('a bus that is away is waited for', async () => {
      await bus.stop()
      await bus.startAgain()
      expect(await bus.result(await notify('after the bus'))).toMatchObject({ status: 'fulfilled' })
    })

    test('a key that is refused is tried every five minutes, and a new one at once', async () => {
      await phone.must('printf tk_wrong > intent-bus-worker/key; intent-bus-worker restart')
      const log = () => readFileSync(phone.path(`${PREFIX}/var/log/sv/intent-bus-worker/current`), 'utf8')
      await vi.waitUntil(() => log().includes('trying again in five minutes'), SOON)
      expect(log().match(/the bus refuses this worker/g)).toHaveLength(1)
      expect((await install(`--url ${url}`, `${SECRET}\n`)).code).toBe(1)
      await phone.must(`printf ${SECRET} > good-key`)
      expect((await install('--key-file good-key')).code).toBe(0)
    })

    test('without a wake lock it asks for none', async () => {
      expect((await install('--wake-lock no')).code).toBe(0)
      const locks = asked('termux-wake-lock').length
      expect(readFileSync(phone.path(`${HOME}/.termux/boot/intent-bus-worker`), 'utf8')).not.toContain(
        'wake-lock',
      )
      await phone.off()
      await phone.on()
      expect(await bus.result(await notify('without a lock'))).toMatchObject({ status: 'fulfilled' })
      expect(asked('termux-wake-lock')).toHaveLength(locks)
    })

    test('stopped, it stays so over a reboot; taken away, it leaves nothing', async () => {
      await phone.must('intent-bus-worker stop')
      await phone.off()
      await phone.on()
      await vi.waitUntil(
        async () => (await phone.run('intent-bus-worker status')).out.startsWith('down'),
        SOON,
      )
      const { code, out } = await install('--uninstall')
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('The worker is gone.') })
      expect(
        phone.listing().filter(path => /intent-bus-worker/.test(path) && !path.includes('/source/')),
      ).toEqual([])
      expect(await phone.must('ps ax')).not.toContain('intent-bus-worker')
    })

    test('beside a bus on the same phone it asks for nothing', async () => {
      const there = phone.path(`${HOME}/intent-bus`)
      mkdirSync(there)
      writeFileSync(`${there}/settings.env`, `HOST=0.0.0.0\nPORT="${bus.port}" # of a person\n`)
      writeFileSync(`${there}/first-device.key`, `${SECRET}\n`)
      phone.answer('getprop', 'SM-G960F')
      const { code, out } = await install()
      expect(code).toBe(0)
      expect(out).toContain(`The bus is the one on this phone, ${url}`)
      expect(setting('BUS_WORKER_ID')).toBe('SM-G960F')
    })
  })

  test('for a bus that demands signatures it signs, from the first question on, and remembers that', async () => {
    const bus = await WorkedBus.start({ BUS_SECRET: SECRET, BUS_REQUIRE_SIGNATURES: 'true' })
    const phone = new Phone('busybox')
    try {
      await phone.on()
      execFileSync('cp', [release.tarball, phone.path(`${HOME}/release.tar.gz`)])
      execFileSync('chmod', ['644', phone.path(`${HOME}/release.tar.gz`)])
      await phone.must('mkdir source && tar xzf release.tar.gz -C source --strip-components 1')
      const install = (options: string, env: Record<string, string> = {}) =>
        phone.run(`bash source/clients/phone/install.sh ${options}`, { input: `${SECRET}\n`, env })
      const url = bus.environment['BUS_URL']!
      const before = phone.listing()
      expect((await install(`--url ${url} --name kitchen --dry-run`, { BUS_SIGN: 'true' })).code).toBe(0)
      expect(phone.listing()).toEqual(before)
      expect((await install(`--url ${url}`)).err).toContain('If it wants signatures: BUS_SIGN=true')
      expect(existsSync(phone.path(WORKER))).toBe(false)

      const { code, out } = await install(`--url ${url}`, { BUS_SIGN: 'true' })
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('The first notification came') })
      expect(await install('--allow location')).toMatchObject({ code: 0 })
      phone.answer('termux-location', '{"latitude": 52.5}')
      const id = await bus.publish('location', '{}', { namespace: 'phone' })
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: { latitude: 52.5 } })
      await phone.off()
      await phone.on()
      const later = await bus.publish('notify', '"after a reboot"', { namespace: 'phone' })
      expect(await bus.result(later)).toMatchObject({ status: 'fulfilled' })
    } finally {
      await phone.remove()
      await bus.remove()
    }
  })
})

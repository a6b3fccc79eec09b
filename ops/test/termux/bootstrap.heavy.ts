/**
 * The life of a bus on a phone, from the line that is pasted to the day it is taken away, in the fake Termux. The tests follow
 * each other: each finds the phone as the one before has left it.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort, squatter } from '../../../service/test/support/ports.ts'
import { DEPLOYMENT } from '../../deployment.ts'
import { Download } from './download.ts'
import { PREFIX } from './packages.ts'
import { HOME, Phone, termux } from './phone.ts'
import { PhoneBus } from './phone-bus.ts'
import { type Change, makeRelease, type Release, versioned } from './release.ts'

const BUS = `${HOME}/intent-bus`
/** A newer form of the database, which the release before does not read. */
const migrated = {
  'service/store/sqlite/migrations/900_later.sql': () => 'CREATE TABLE later (n INTEGER) STRICT;\n',
}
/** Starts nowhere. */
const broken = {
  'service/http/app.ts': (text: string) =>
    text.replace(
      'export async function buildApp',
      "throw new Error('broken on purpose')\nexport async function buildApp",
    ),
}
/** A newer form that the data does not fit: there is more than one job. */
const unfit = {
  'service/store/sqlite/migrations/900_later.sql': () => 'CREATE UNIQUE INDEX only_one ON intents (state);\n',
}
/** Takes for ever to start on a copy. */
const slowThere = {
  'service/secrets/first-start.ts': (text: string) =>
    text.replace(
      '): Secrets {',
      "): Secrets {\n  if (dataDir.includes('.trial')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    ),
}
/** Starts anywhere but beside the data, and there it opens the database first. */
const brokenHere = {
  'service/secrets/first-start.ts': (text: string) =>
    text.replace(
      '): Secrets {',
      "): Secrets {\n  if (dataDir.includes('intent-bus/data')) throw new Error('broken on purpose')",
    ),
}

describe.skipIf(termux.reason !== null)(
  termux.named('the bus on a phone'),
  () => {
    let phone: Phone
    let bus: PhoneBus
    let download: Download
    let first: Release
    const releases: Release[] = []
    const release = (change: Change = {}): Release => {
      const made = makeRelease(change)
      releases.push(made)
      return made
    }

    beforeAll(async () => {
      phone = new Phone('coreutils')
      await phone.on()
      bus = new PhoneBus(phone, await freePort())
      first = release()
      download = await Download.of(first)
    })
    afterAll(async () => {
      download?.close()
      await phone?.remove()
      for (const { tarball } of releases) rmSync(dirname(tarball), { recursive: true })
    })

    const install = (more = '', session = {}) =>
      bus.bootstrap(`--from ${download.url} --port ${bus.port} ${more}`, session)

    test('a dry run says what would be done, and does nothing', async () => {
      const before = phone.listing()
      const { code, out } = await install('--dry-run')
      expect(code).toBe(0)
      for (const said of [
        'nodejs-lts npm',
        'clang make python',
        download.url,
        '.termux/boot',
        'var/service',
      ]) {
        expect(out).toContain(said)
      }
      // From a pipe, as who pastes one line has it.
      const piped = await phone.run(
        `cat bootstrap.sh | bash -s -- --from ${download.url} --port ${bus.port} --dry-run`,
      )
      expect(piped).toEqual({ code: 0, out, err: '' })
      expect(phone.listing()).toEqual(before)
      expect(phone.calls).toEqual([])
    })

    test('when the line breaks while the release comes, it says what to do, and goes on there', async () => {
      download.breaksAfter = Math.floor(statSync(first.tarball).size / 2)
      const { code, err } = await install()
      expect(code).toBe(1)
      expect(err).toContain('did not come whole')
      expect(err).toContain('Run it again: it goes on where it stopped.')
      expect(readdirSync(phone.path(`${BUS}/releases`))).toEqual([])
      const came = statSync(phone.path(`${BUS}/.fetched/${first.sha256}.part`)).size
      expect(came).toBe(download.breaksAfter)
      download.breaksAfter = null
      // And now the registry of npm is out of reach.
      const nowhere = { env: { https_proxy: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' } }
      const again = await install('', nowhere)
      expect(again.code).toBe(1)
      expect(again.err).toContain('the libraries could not be installed')
      expect(download.ranges.at(-1)).toBe(`bytes=${came}-`)
      expect(readdirSync(phone.path(`${BUS}/releases`))).toHaveLength(1)
    })

    test('run again it goes on: SQLite is compiled, the bus runs, and the phone is told how to reach it', async () => {
      const asked = download.ranges.length
      const { code, out, err } = await install()
      expect(err).toBe('')
      expect(code).toBe(0)
      expect(download.ranges.length).toBe(asked)
      expect(out).not.toContain('Installing packages')
      expect(out).toMatch(/Compiling SQLite: about \d+ (s|min) here/)
      expect(out).toMatch(/Compiled in \d+ (s|min)/)
      expect(out).toContain('Smoke suite: 8 well, 0 not')
      expect(out).toMatch(new RegExp(`On the network +http://[\\d.]+:${bus.port}\\n`))
      expect(out).toMatch(/A device's key +\S{20,}/)
      expect(out).toContain('Termux:Boot')
      expect(bus.read('current/.sqlite-driver')).toBe('better-sqlite3\n')
      expect(phone.calls).toContain('termux-wake-lock')
      expect(await bus.version()).toBe(DEPLOYMENT.version)
    }, 1_500_000)

    test('what it printed as a key opens the bus, and nobody else may read the files with secrets', async () => {
      const [key] = bus.read('first-device.key').split('\n')
      const answer = await fetch(`${bus.url}/claim`, { method: 'POST', headers: { 'x-api-key': key! } })
      expect([200, 204, 404]).toContain(answer.status)
      for (const name of ['first-device.key', 'data/secrets.env', 'data/bus.key', 'data/bus.db']) {
        expect(statSync(phone.path(`${BUS}/${name}`)).mode & 0o077, name).toBe(0)
      }
    })

    test('what was compiled is all that is left of the source', async () => {
      const package_ = phone.path(`${BUS}/releases/${bus.current}/node_modules/better-sqlite3`)
      expect(readdirSync(package_)).not.toEqual(expect.arrayContaining(['deps']))
      expect(readdirSync(`${package_}/build/Release`)).toEqual(['better_sqlite3.node'])
      expect(existsSync(`${package_}/prebuilds`)).toBe(false)
    })

    test('the same line again changes nothing, and does not interrupt the bus', async () => {
      const [pid, calls] = [await bus.pid(), phone.calls.filter(call => call.startsWith('pkg')).length]
      const key = bus.read('first-device.key')
      const { code, out } = await install()
      expect(code).toBe(0)
      expect(out).toContain(key.trim())
      expect(await bus.pid()).toBe(pid)
      expect(phone.calls.filter(call => call.startsWith('pkg')).length).toBe(calls)
    })

    test('what was taken away is put back: a boot script, a command, the service', async () => {
      await phone.must('rm -rf .termux/boot "$PREFIX/bin/intent-bus" "$PREFIX/var/service/intent-bus/run"')
      const [pid, releases] = [await bus.pid(), readdirSync(phone.path(`${BUS}/releases`))]
      const { code, out } = await phone.run('bash ~/intent-bus/current/ops/termux/bootstrap.sh')
      expect(code).toBe(0)
      expect(out).not.toContain('Upgrading')
      expect(readdirSync(phone.path(`${BUS}/releases`))).toEqual(releases)
      expect(await bus.pid()).toBe(pid)
      expect(existsSync(phone.path(`${HOME}/.termux/boot/intent-bus`))).toBe(true)
      expect(existsSync(phone.path(`${PREFIX}/var/service/intent-bus/run`))).toBe(true)
      expect(await phone.must('intent-bus keys list')).toContain('first device')
    })

    test('killed with -9 it is back by itself, with all that it had acknowledged', async () => {
      const ids = await Promise.all(Array.from({ length: 50 }, () => bus.publish('before-the-kill')))
      const pid = await bus.pid()
      await phone.must(`kill -9 ${pid}`)
      await vi.waitUntil(async () => (await bus.version()) !== null, { timeout: 60_000, interval: 200 })
      expect(await bus.pid()).not.toBe(pid)
      expect(new Set(await Promise.all(ids.map(id => bus.state(id))))).toEqual(new Set(['open']))
    })

    test('after a reboot the boot script brings it up, with the wake lock; without Termux:Boot nobody does', async () => {
      const id = await bus.publish('before-the-reboot')
      const locks = phone.calls.filter(call => call === 'termux-wake-lock').length
      await phone.off()
      await phone.on({ app: false })
      expect((await phone.must('ps ax')).includes('runsvdir')).toBe(false)
      await phone.off()
      await phone.on()
      await vi.waitUntil(async () => (await bus.version()) !== null, { timeout: 60_000, interval: 200 })
      expect(await bus.state(id)).toBe('open')
      expect(phone.calls.filter(call => call === 'termux-wake-lock').length).toBe(locks + 1)
    })

    test('an upgrade backs up first, takes over what is compiled, and keeps the release before', async () => {
      const [before, id] = [bus.current, await bus.publish('before-the-upgrade')]
      const from = bus.bring(release(versioned('99.1.1')), 'next.tar.gz')
      const { code, out, err } = await bus.bootstrap(`--from ${from}`)
      expect(err).toBe('')
      expect(code).toBe(0)
      expect(out).not.toContain('Compiling')
      expect(out).toContain('Backing up')
      expect(out).toContain('Smoke suite, there: 8 well, 0 not')
      expect(existsSync(phone.path(`${BUS}/.trial`))).toBe(false)
      expect(readdirSync(phone.path(`${BUS}/backups`)).length).toBeGreaterThan(0)
      expect(await bus.version()).toBe('99.1.1')
      expect(await bus.state(id)).toBe('open')
      expect(readdirSync(phone.path(`${BUS}/releases`)).sort()).toEqual([before, bus.current].sort())
    })

    test('an upgrade that does not become ready is taken back, and its database with it', async () => {
      const [before, id] = [bus.current, await bus.publish('before-the-failure')]
      const from = bus.bring(release({ ...versioned('99.1.2'), ...migrated, ...brokenHere }), 'broken.tar.gz')
      const { code, out, err } = await bus.bootstrap(`--from ${from}`, { env: { BUS_READY_SECONDS: '15' } })
      expect(code).toBe(1)
      expect(out).toContain('does not become ready: back to 99.1.1')
      expect(err).toContain('the upgrade was taken back; the bus runs as before.')
      expect(err).toContain('broken on purpose')
      expect(out).toContain('The database is that from before the upgrade')
      expect(err).toMatch(/If the new one has acknowledged anything, that is only in .*after-upgrade-/)
      expect(bus.current).toBe(before)
      expect(await bus.version()).toBe('99.1.1')
      expect(await bus.state(id)).toBe('open')
    })

    test('one that starts nowhere is never tried on the data: the bus is not even interrupted', async () => {
      const pid = await bus.pid()
      const from = bus.bring(release({ ...versioned('99.1.3'), ...broken }), 'worse.tar.gz')
      const { code, err } = await bus.bootstrap(`--from ${from}`)
      expect(code).toBe(1)
      expect(err).toContain('broken on purpose')
      expect(err).toContain('the release does not start, not even beside your data.')
      expect(await bus.pid()).toBe(pid)
    })

    test('one that the data does not fit fails on a copy: the bus is not even interrupted', async () => {
      const [pid, data] = [await bus.pid(), readdirSync(phone.path(`${BUS}/data`)).sort()]
      const from = bus.bring(release({ ...versioned('99.1.3'), ...unfit }), 'unfit.tar.gz')
      const { code, err } = await bus.bootstrap(`--from ${from}`)
      expect(code).toBe(1)
      expect(err).toContain('UNIQUE constraint failed')
      expect(err).toContain(
        'the new release does not prove itself on a copy of your data: it ends by itself.\nIts last words are above. Nothing was switched: 99.1.1',
      )
      expect(await bus.pid()).toBe(pid)
      expect(readdirSync(phone.path(`${BUS}/data`)).sort()).toEqual(data)
      expect(existsSync(phone.path(`${BUS}/.trial`))).toBe(false)
    })

    test('killed while one is tried on a copy, nothing of that stays when it is run again', async () => {
      const pid = await bus.pid()
      const from = bus.bring(release({ ...versioned('99.1.3'), ...slowThere }), 'slow.tar.gz')
      const trial = async () => (await phone.run(`grep -lsF "${BUS}/.trial/" /proc/[0-9]*/environ`)).out
      const killed = bus.bootstrap(`--from ${from}`)
      await vi.waitUntil(
        async () => (await trial()) !== '' && existsSync(phone.path(`${BUS}/.trial/bus.key`)),
        {
          timeout: 60_000,
          interval: 200,
        },
      )
      await phone.must('kill -9 $(cat intent-bus/.installing/pid)')
      await killed
      expect(await trial()).not.toBe('')
      expect((await bus.bootstrap('')).code).toBe(0)
      expect(await trial()).toBe('')
      expect(existsSync(phone.path(`${BUS}/.trial`))).toBe(false)
      expect(await bus.pid()).toBe(pid)
    })

    test('one that fails on the data as it is leaves that alone', async () => {
      const id = await bus.publish('before-the-third-failure')
      const from = bus.bring(release({ ...versioned('99.1.4'), ...brokenHere }), 'third.tar.gz')
      const { code, out } = await bus.bootstrap(`--from ${from}`, { env: { BUS_READY_SECONDS: '15' } })
      expect(code).toBe(1)
      expect(out).not.toContain('The database is that')
      expect(await bus.version()).toBe('99.1.1')
      expect(await bus.state(id)).toBe('open')
    })

    test('a release that is not what its checksum says is not unpacked', async () => {
      const from = bus.bring(release(versioned('99.1.5')), 'planted.tar.gz')
      await phone.must('printf x >> planted.tar.gz')
      const { code, err } = await bus.bootstrap(`--from ${from}`)
      expect(code).toBe(1)
      expect(err).toContain('is not what its checksum says')
      expect(readdirSync(phone.path(`${BUS}/releases`)).join()).not.toContain('99.1.5')
    })

    test('a port that is taken is said, with another one to try, and that one is taken', async () => {
      const { port, server } = await squatter()
      const { code, err } = await bus.bootstrap(`--port ${port}`, { env: { BUS_READY_SECONDS: '8' } })
      server.close()
      expect(code).toBe(1)
      expect(err).toContain(`port ${port} of 0.0.0.0 is taken`)
      expect(err).toContain('--port 8081')
      expect((await bus.bootstrap(`--port ${bus.port}`)).code).toBe(0)
      expect(await bus.version()).toBe('99.1.1')
    })

    test('uninstalled, it is gone, and its data stays until that is told to go, too', async () => {
      const { code, out } = await bus.bootstrap('--uninstall')
      expect(code).toBe(0)
      expect(out).toContain('Its data, backups and settings are still in')
      expect(await bus.version()).toBe(null)
      // But for the program that pretends the phone, which has names of this machine.
      const running = (await phone.must('ps ax')).split('\n').filter(line => !line.includes(' bwrap '))
      expect(running.join('\n')).not.toContain('intent-bus')
      expect(readdirSync(phone.path(BUS)).sort()).toEqual([
        'backups',
        'data',
        'first-device.key',
        'settings.env',
      ])
      const left = phone
        .listing()
        .filter(path => /intent-bus/.test(path) && !path.startsWith('home/intent-bus'))
      expect(left).toEqual([])
      expect((await bus.bootstrap('--uninstall --delete-data')).code).toBe(0)
      expect(existsSync(phone.path(BUS))).toBe(false)
      expect(phone.calls.at(-1)).toBe('termux-wake-unlock')
    })
  },
  240_000,
)

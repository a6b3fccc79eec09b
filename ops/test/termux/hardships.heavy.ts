/** Phones that make it harder: little room, a compiler that fails, the tools of busybox; and what looks after the bus on them. */
import { spawn } from 'node:child_process'
import { readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SmallDisk, whyNoSmallDisk } from '../../../service/test/hostile/small-disk.ts'
import { NIGHTLY } from '../../../service/test/support/nightly.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { root } from '../../../service/test/support/root.ts'
import { DEPLOYMENT } from '../../deployment.ts'
import { PREFIX } from './packages.ts'
import { HOME, Phone, termux } from './phone.ts'
import { PhoneBus } from './phone-bus.ts'
import { makeRelease, type Release, versioned } from './release.ts'

const conformance = join(root, 'ops/acceptance/conformance/run.ts')

let release: Release
beforeAll(() => {
  if (termux.reason === null) release = makeRelease()
})
afterAll(() => {
  if (release !== undefined) rmSync(dirname(release.tarball), { recursive: true })
})

describe.skipIf(termux.reason !== null)(
  termux.named('a phone with the tools of busybox, on which nothing can be compiled'),
  () => {
    let phone: Phone
    let bus: PhoneBus
    beforeAll(async () => {
      phone = new Phone('busybox')
      await phone.on()
      bus = new PhoneBus(phone, await freePort())
      bus.bring(release, 'release.tar.gz')
      // It reads, and does not compile: as one that runs out of memory.
      const clang = phone.path(`${PREFIX}/share/fake-packages/clang/bin/clang`)
      rmSync(clang)
      writeFileSync(
        clang,
        `#!${PREFIX}/bin/sh\ncase "$*" in *-fsyntax-only*) exit 0 ;; esac\necho 'clang: killed' >&2\nexit 1\n`,
        { mode: 0o755 },
      )
    })
    afterAll(() => phone?.remove())

    test('the bus runs all the same, on the SQLite inside of Node, and says so', async () => {
      const { code, out, err } = await bus.bootstrap(`--from release.tar.gz --port ${bus.port} --local`)
      expect(err).toContain('clang: killed')
      expect(out).toContain('SQLite could not be compiled here.')
      expect(out).toContain('Going on with the SQLite inside of Node')
      expect(out).toContain('Smoke suite: 8 well, 0 not')
      expect(code).toBe(0)
      expect(bus.read('current/.sqlite-driver')).toBe('node\n')
      expect(await bus.version()).toBe(DEPLOYMENT.version)
    })

    test('what is for the phone itself listens there alone, and has no code to scan', async () => {
      expect(bus.read('settings.env')).toMatch(/^HOST=127\.0\.0\.1$/m)
      const again = await bus.bootstrap('')
      expect(again.out).toContain(`On the network   http://127.0.0.1:${bus.port}`)
      expect(again.out).not.toContain('scan this')
    })

    test('killed with -9 it comes back with what it had acknowledged, on this driver too', async () => {
      const ids = await Promise.all(Array.from({ length: 30 }, () => bus.publish('work')))
      await phone.must(`kill -9 ${await bus.pid()}`)
      await vi.waitUntil(async () => (await bus.version()) !== null, { timeout: 60_000, interval: 200 })
      expect(new Set(await Promise.all(ids.map(id => bus.state(id))))).toEqual(new Set(['open']))
    })

    // By day service/test/store/ways-of-sqlite.heavy.ts has all of it, with this driver and this writer.
    const part = NIGHTLY ? [] : ['--only', 'settling']
    test(`the conformance suite passes, put to it from outside${NIGHTLY ? '' : ', in what it says of settling'}`, async () => {
      const env = {
        ...process.env,
        BUS_API_KEY: bus.key,
        BUS_ADMIN_TOKEN: bus.secret('BUS_ADMIN_SECRET'),
        BUS_METRICS_TOKEN: bus.secret('BUS_METRICS_TOKEN'),
        DASHBOARD_PASSWORD: bus.secret('DASHBOARD_PASSWORD'),
      }
      const args = [conformance, bus.url, '--erase', ...part]
      const suite = spawn(process.execPath, args, { env, cwd: root })
      let said = ''
      for (const stream of [suite.stdout, suite.stderr]) {
        stream.on('data', chunk => {
          said += chunk
        })
      }
      const code = await new Promise(resolve => suite.on('close', resolve))
      expect(said.slice(-4000)).toMatch(/^[1-9]\d+ proved, 0 not, /m)
      expect(code).toBe(0)
    }, 600_000)

    test('intent-bus-phone stops it, starts it, says how it is, and tells the password', async () => {
      expect(await phone.must('intent-bus-phone status')).toMatch(/^run: .*\n.*"ok":true/)
      await phone.must('intent-bus-phone stop')
      expect(await bus.version()).toBe(null)
      // It stays stopped over a reboot: somebody wanted it so.
      await phone.off()
      await phone.on()
      await phone.must('sleep 6')
      expect(await bus.version()).toBe(null)
      expect(await phone.must('intent-bus-phone start')).toContain('It is ready.')
      const pid = await bus.pid()
      expect(await phone.must('intent-bus-phone restart')).toContain('It is ready.')
      expect(await bus.pid()).not.toBe(pid)
      expect(await phone.must('intent-bus-phone logs')).toContain('is ready')
      const password = await phone.must('intent-bus-phone password')
      expect(bus.read('data/secrets.env')).toContain(`DASHBOARD_PASSWORD=${password}\n`)
      expect((await phone.run('intent-bus-phone no-such-command')).code).toBe(2)
      expect(await phone.must('intent-bus-phone expose')).toContain(`http://127.0.0.1:${bus.port}`)
    })

    test('its doctor looks at the phone and at the bus', async () => {
      phone.answer('getprop', '34\n')
      await phone.must('pkg install -y termux-api')
      phone.answer('termux-battery-status', '{"temperature": 41.5}')
      const { out } = await phone.run('intent-bus-phone doctor --json')
      const findings = JSON.parse(out) as { check: string; state: string; detail: string; cure?: string }[]
      const of = (check: string) => findings.find(finding => finding.check === check)
      expect(of('child processes')).toMatchObject({
        state: 'warning',
        cure: expect.stringContaining('Developer options'),
      })
      expect(of('battery saver')).toMatchObject({ state: 'skipped' })
      expect(of('temperature')).toMatchObject({ state: 'warning', detail: 'the battery has 41.5 °C' })
      expect(of('storage')).toMatchObject({ state: 'ok' })
      expect(of('sqlite')).toMatchObject({ state: 'ok' })
      expect(of('disk sync')?.detail).toMatch(/p50 [\d.]+ ms/)
      expect(of('database')).toMatchObject({ state: 'ok' })
    })

    test('its log is cut by size', async () => {
      expect(await phone.must('cat "$PREFIX/var/log/sv/intent-bus/config"')).toBe('s500000\nn5')
    })

    test('idle, it wakes up less than twice a second, and is small', async () => {
      await phone.must('intent-bus-phone restart')
      // So long it still measures its event loop, for a first scrape.
      await phone.must('sleep 12')
      const { wakes, own, resident } = await idle(phone, await bus.pid())
      console.log(
        `idle: ${wakes} wake-ups a minute, ${resident.toFixed(0)} MiB resident, ${own.toFixed(0)} of its own`,
      )
      expect(wakes).toBeLessThan(120)
      // What it has of Node's program file is the system's to take back; how much is there depends on the kernel.
      expect(own).toBeLessThan(40)
      expect(resident).toBeLessThan(95)
    })
  },
  240_000,
)

/** Wake-ups of all threads of a process, over a quarter of a minute; MiB resident, and those without its program file. */
async function idle(phone: Phone, pid: number): Promise<{ wakes: number; own: number; resident: number }> {
  const switches = async () => {
    const said = await phone.must(`cat /proc/${pid}/task/*/status`)
    return [...said.matchAll(/^voluntary_ctxt_switches:\s+(\d+)$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    )
  }
  const before = await switches()
  await phone.must('sleep 15')
  const wakes = ((await switches()) - before) * 4
  const status = await phone.must(`cat /proc/${pid}/status`)
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]) / 1024
  return { wakes, own: mebibytes('RssAnon'), resident: mebibytes('VmRSS') }
}

const noDisk = termux.reason ?? whyNoSmallDisk()
describe.skipIf(noDisk !== null)(
  `a phone without room${noDisk === null ? '' : ` (skipped: ${noDisk})`}`,
  () => {
    test('it says how much is missing and what to do, leaves nothing half done, and has another way', async () => {
      const disk = new SmallDisk(100)
      const phone = new Phone('coreutils', disk.path)
      try {
        await phone.on()
        const bus = new PhoneBus(phone, 8080)
        bus.bring(release, 'release.tar.gz')
        const { code, err } = await bus.bootstrap('--from release.tar.gz')
        expect(code).toBe(1)
        expect(err).toMatch(/It stopped: \d\d MiB are free, and this needs 1200\.\nMake room .*--node-sqlite/)
        expect(phone.calls).toEqual([])
        expect(readdirSync(phone.path(`${HOME}/intent-bus/releases`))).toEqual([])
        expect((await bus.bootstrap('--from release.tar.gz --node-sqlite')).err).toContain('this needs 500')
      } finally {
        await phone.remove()
        disk.remove()
      }
    })

    test('room that runs out on the way is said, whatever it stops; and with room the same line goes on', async () => {
      const disk = new SmallDisk(500)
      const phone = new Phone('coreutils', disk.path)
      const leave = (mebibytes: number) => {
        disk.relieve()
        disk.fill(disk.freeBytes / 1024 ** 2 - mebibytes)
      }
      try {
        await phone.on()
        const bus = new PhoneBus(phone, await freePort())
        bus.bring(release, 'release.tar.gz')
        // When it begins there is room.
        const df = phone.path(`${PREFIX}/bin/df`)
        const real = readlinkSync(df)
        rmSync(df)
        writeFileSync(
          df,
          `#!${PREFIX}/bin/sh\nif rm "$HOME/room" 2> /dev/null; then echo 'x 1 1 4000000 1% /'; elif [ -e "$HOME/no-room" ]; then echo 'x 1 1 51200 99% /'; else exec ${real} "$@"; fi\n`,
          { mode: 0o755 },
        )
        const line = (from = 'release.tar.gz') => {
          writeFileSync(phone.path(`${HOME}/room`), '')
          return bus.bootstrap(`--from ${from} --port ${bus.port}`)
        }

        leave(2)
        const unpacking = await line()
        expect(unpacking.code).toBe(1)
        expect(unpacking.err).toContain('It stopped: release.tar.gz could not be unpacked.')
        expect(unpacking.err).toMatch(/The disk is full: \d MiB are free\. Make room/)

        leave(25)
        const fetching = await line()
        expect(fetching.code).toBe(1)
        expect(fetching.err).toContain('It stopped: the libraries could not be installed.')
        expect(fetching.err).toMatch(/ENOSPC|The disk is full/)

        // A real compiler takes a minute until there is something to write.
        disk.relieve()
        const clang = phone.path(`${PREFIX}/bin/clang`)
        const compiler = readlinkSync(clang)
        rmSync(clang)
        writeFileSync(
          clang,
          `#!${PREFIX}/bin/sh\ncase "$*" in *-fsyntax-only*) exit 0 ;; *) exec cat /dev/zero > "$HOME/ballast-of-clang" ;; esac\n`,
          { mode: 0o755 },
        )
        const compiling = await line()
        expect(compiling.code).toBe(1)
        expect(compiling.err).toContain('It stopped: there is no room to compile SQLite.')
        expect(compiling.out).not.toContain('Going on with the SQLite inside of Node')

        disk.relieve()
        rmSync(clang)
        symlinkSync(compiler, clang)
        const { code, out, err } = await line()
        expect(err).toBe('')
        expect(code).toBe(0)
        expect(out).not.toContain('Installing')
        expect(await bus.version()).toBe(DEPLOYMENT.version)

        const [pid, id] = [await bus.pid(), await bus.publish('before-the-upgrade')]
        const next = makeRelease(versioned('99.1.1'))
        bus.bring(next, 'next.tar.gz')
        rmSync(dirname(next.tarball), { recursive: true })
        // So far as a copy of the data, for which it is told that there is no room.
        writeFileSync(phone.path(`${HOME}/no-room`), '')
        const trying = await line('next.tar.gz')
        rmSync(phone.path(`${HOME}/no-room`))
        expect(trying.err).toMatch(
          /to try the new release on a copy of your data takes \d+ MiB, and 50 are free/,
        )

        leave(30)
        const backingUp = await line('next.tar.gz')
        expect(backingUp.code).toBe(1)
        expect(backingUp.out).not.toContain('Installing')
        expect(backingUp.err).toContain('It stopped: there is no backup, and so no upgrade.')
        expect(backingUp.err).toMatch(/must stay free; there are \d+ MB/)
        expect(await bus.pid()).toBe(pid)

        disk.relieve()
        expect((await line('next.tar.gz')).code).toBe(0)
        expect(await bus.version()).toBe('99.1.1')
        expect(await bus.state(id)).toBe('open')
      } finally {
        await phone.remove()
        disk.remove()
      }
    }, 600_000)
  },
)

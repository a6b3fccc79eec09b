/**
 * The Dockerfile as it is, in a real Docker. The images it begins with cannot be pulled everywhere: base-images.sh makes
 * stand-ins from Debian's packages.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { largeBatches } from '../../../service/test/hostile/large-bodies.ts'
import { Client } from '../../../service/test/support/client.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { DEPLOYMENT } from '../../deployment.ts'
import { post } from './bus-calls.ts'
import { docker, Engine } from './engine.ts'
import { hadolint, listedBySyft, locked, syft } from './supply-chain.ts'

const HARDENED = [
  ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/tmp:size=16m'],
  ...['--memory', '512m', '--pids-limit', `${DEPLOYMENT.limits.pids}`],
]
const MIB = 1024 * 1024
const IMAGE = 'intent-bus:latest'
/** infra/config/docker-keys.ts takes no less. */
const LEAST_MEMORY = '256m'
/** Those of the large bodies of which most is kept at once; all of them are put to a bus without a container. */
const HEAVIEST = /^(as many|members$|empty objects in a field$)/
const BASE = 'gcr.io/distroless/nodejs24-debian13:nonroot'

let engine: Engine

beforeAll(async () => {
  if (docker.reason !== null) return
  engine = await Engine.start()
  await engine.must('network', 'create', 'tests')
  await engine.build(IMAGE)
}, 400_000)

afterAll(async () => {
  await engine?.stop()
})

/** A line of JavaScript in the image, which has nothing else that could look. */
const look = (code: string): Promise<string> =>
  engine.must('run', '--rm', '--network', 'none', IMAGE, '-p', code)

/** No file of another language, of a test, a page, or a package of development. */
const UNWANTED = [
  /(^|\/)(tests?|bench|docs|deps|\.git|\.github)(\/|$)/,
  /\.(test|heavy|d)\.ts$|\.(md|gyp|c|cc|h|map)$|(^|\/)\.env/,
  /node_modules\/(node|vitest|typescript|undici|fast-check|@biomejs|@types|@grafana)(\/|$)/,
]

describe.skipIf(docker.reason !== null)(
  docker.named('the image'),
  () => {
    test('has neither shell nor npm, no tests, no compiler, and SQLite for this machine alone', async () => {
      for (const program of ['sh', 'bash', 'npm', 'apt-get', 'cc', 'node']) {
        const { code } = await engine.docker('run', '--rm', '--entrypoint', program, IMAGE)
        expect(code, program).toBe(127)
      }
      const listing = await look(`JSON.stringify(fs.readdirSync('/app', { recursive: true }))`)
      const files = JSON.parse(listing) as string[]
      expect(files.filter(file => UNWANTED.some(pattern => pattern.test(file)))).toEqual([])
      expect(files.filter(file => file.endsWith('.node'))).toEqual([
        `node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`,
        `node_modules/fs-native-extensions/prebuilds/linux-${process.arch}/fs-native-extensions.node`,
      ])
      expect(files).toEqual(expect.arrayContaining(['service/main.ts', 'node_modules/fastify/LICENSE']))
    })

    test('adds less than 20 MiB to its base', async () => {
      const size = async (image: string) => Number(await engine.must('inspect', '-f', '{{.Size}}', image))
      const added = (await size(IMAGE)) - (await size(BASE))
      console.log(`the image adds ${(added / MIB).toFixed(1)} MiB to its base, before compression`)
      expect(added).toBeGreaterThan(0)
      expect(added).toBeLessThan(20 * MIB)
    })

    test('says what it is', async () => {
      const config = JSON.parse(await engine.must('inspect', '-f', '{{json .Config}}', IMAGE))
      expect(config.User).toBe(`${DEPLOYMENT.user}:${DEPLOYMENT.user}`)
      expect(Object.keys(config.Volumes)).toEqual([DEPLOYMENT.data])
      expect(config.Labels).toMatchObject({
        'org.opencontainers.image.title': 'Intent Bus',
        'org.opencontainers.image.version': DEPLOYMENT.version,
        'org.opencontainers.image.base.name': BASE,
      })
    })

    test('has kept the compiled code for the user it runs as', async () => {
      const folder = `/app/node_modules/.cache/intent-bus`
      expect(await look(`fs.readdirSync('${folder}')[0]`)).toMatch(new RegExp(`-${DEPLOYMENT.user}$`))
    })

    test('starts where a platform sets PORT, in a tenth of a core, on a disk that goes away', async () => {
      const port = await freePort()
      await engine.must(
        ...['run', '-d', '--name', 'platform', '--network', 'tests', '-p', `127.0.0.1:${port}:10000`],
        ...[...HARDENED, '--cpus', '0.1', '-e', 'PORT=10000', '--tmpfs', '/data:uid=65532', IMAGE],
      )
      const url = `http://127.0.0.1:${port}`
      const answers = () =>
        fetch(url + DEPLOYMENT.live).then(
          ({ ok }) => ok,
          () => false,
        )
      await vi.waitUntil(answers, { timeout: 90_000, interval: 500 })
      const key = await engine.must('exec', 'platform', 'intent-bus', 'keys', 'create', 'pi')
      expect((await post(url, '/intent', key, { goal: 'work', payload: 1 })).status).toBe(201)
      const asked = engine.must('exec', 'platform', '/nodejs/bin/node', '/app/ops/image/health.js')
      expect(await asked).toContain('"ok":true')
      await engine.must('rm', '--force', 'platform')
    })

    test('survives eight large bodies at once with the least memory that a deployment may give it', async () => {
      const port = await freePort()
      const limits = ['--memory', LEAST_MEMORY, '--memory-swap', LEAST_MEMORY]
      await engine.must(
        ...['run', '-d', '--name', 'small', '--network', 'tests', '-p', `127.0.0.1:${port}:8080`],
        ...[...HARDENED, ...limits, IMAGE],
      )
      const url = `http://127.0.0.1:${port}`
      const isReady = () =>
        fetch(`${url}/health/ready`)
          .then(({ ok }) => ok)
          .catch(() => false)
      await vi.waitUntil(isReady, { timeout: 60_000, interval: 200 })
      const key = await engine.must('exec', 'small', 'intent-bus', 'keys', 'create', 'pi', '--rate', '10000')
      for (const { what, path, body, headers = {} } of largeBatches().filter(each =>
        HEAVIEST.test(each.what),
      )) {
        const client = new Client(url, { 'x-api-key': key, ...headers })
        const answers = await Promise.all(Array.from({ length: 8 }, () => client.post(path, body)))
        for (const { status, json } of answers) {
          if (status >= 500) expect([status, json.error.code], what).toEqual([503, 'overloaded'])
        }
        const state = JSON.parse(await engine.must('inspect', '-f', '{{json .State}}', 'small'))
        expect(state, what).toMatchObject({ Running: true, OOMKilled: false })
      }
      expect(await isReady()).toBe(true)
      await engine.must('rm', '--force', '--volumes', 'small')
    })

    test('its first process ends by SIGTERM at any time', async () => {
      // In a tenth of a core Node is there after a third of a second, and the bus after four.
      const slowly = ['--cpus', '0.1']
      for (const [delayMs, limits] of [
        [1000, slowly],
        [2000, slowly],
        [3000, []],
      ] as const) {
        await engine.must(
          ...['run', '-d', '--name', 'brief', '--network', 'none'],
          ...HARDENED,
          ...limits,
          IMAGE,
        )
        await new Promise(resolve => setTimeout(resolve, delayMs))
        await engine.must('stop', '--time', '20', 'brief')
        const code = await engine.must('inspect', '-f', '{{.State.ExitCode}}', 'brief')
        // Not 137, which is SIGKILL after those 20 s.
        expect(['0', '143'], `${delayMs} ms after the start`).toContain(code)
        await engine.must('rm', '--force', '--volumes', 'brief')
      }
    })

    test('writes nowhere but in /data', async () => {
      await engine.must('run', '-d', '--name', 'writer', '--network', 'none', IMAGE)
      await vi.waitUntil(async () => (await engine.must('logs', 'writer')).includes('is ready'), 20_000)
      expect(await engine.must('diff', 'writer')).toBe('')
      await engine.must('rm', '--force', '--volumes', 'writer')
    })

    test('says whose a directory for backups has to be, where Docker has made it', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'backups-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      await engine.must(
        ...['run', '-d', '--name', 'keeper', '--network', 'none', '--volume', `${folder}:/backups`],
        ...['-e', 'BUS_BACKUP_DIR=/backups', IMAGE],
      )
      await vi.waitUntil(async () => (await engine.must('logs', 'keeper')).includes('is ready'), 20_000)
      const { code, out, err } = await engine.docker('exec', 'keeper', 'intent-bus', 'backup')
      expect(code).not.toBe(0)
      expect(out + err).toContain(
        '/backups belongs to user 0, and the bus runs as user 65532: sudo chown -R 65532:65532 /backups',
      )
      await engine.must('rm', '--force', '--volumes', 'keeper')
    })

    test('hadolint finds nothing in the Dockerfile', async ({ skip }) => {
      const found = await hadolint()
      if ('reason' in found) skip(found.reason)
      else expect(found.said).toBe('')
    })

    test('its bill of materials has what the lockfile has for production, and nothing of development', {
      // Where nobody has built it in the background.
      timeout: 900_000,
    }, async ({ skip }) => {
      const found = await syft()
      if ('reason' in found) return skip(found.reason)
      const listed = await listedBySyft(found.path, engine, IMAGE)
      const { production, development } = locked()
      expect(production.length).toBeGreaterThan(40)
      expect(production.filter(each => !listed.has(each))).toEqual([])
      expect(development.filter(each => listed.has(each))).toEqual([])
    })
  },
  180_000,
)

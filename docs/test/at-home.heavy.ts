/** Somebody with a clone and Docker who follows docs/docker.md from its top, and upgrades later; and with a NAS. */
import { execFile } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { DEPLOYMENT } from '../../ops/deployment.ts'
import { post, publish, statusOf } from '../../ops/test/docker/bus-calls.ts'
import { docker, Engine } from '../../ops/test/docker/engine.ts'
import { HEALTHY_SOON } from '../../ops/test/docker/stack.ts'
import { freePort } from '../../service/test/support/ports.ts'
import { root } from '../../service/test/support/root.ts'
import { readPage } from '../pages.ts'
import { answersIn, blocksOf } from './reader.ts'

const page = readPage('docker.md')

let engine: Engine
let port: number

/** As it would be typed, where the bus has another port. @returns what it printed */
async function type(script: string, more: NodeJS.Dict<string> = {}): Promise<string> {
  const { COMPOSE_FILE = 'docker-compose.yml', ...others } = more as Record<string, string>
  const env = engine.env({
    BUS_PORT: `${port}`,
    NO_PROXY: 'localhost',
    COMPOSE_FILE: `${COMPOSE_FILE}:${HEALTHY_SOON}`,
    ...others,
  })
  const there = script
    .replaceAll('docker compose', '$DOCKER compose')
    .replaceAll('localhost:8080', `localhost:${port}`)
  const { stdout } = await promisify(execFile)('sh', ['-euc', there], { cwd: root, env, timeout: 300_000 })
  return stdout
}

beforeAll(async () => {
  if (docker.reason !== null) return
  engine = await Engine.start()
  port = await freePort()
}, 300_000)

afterAll(async () => {
  await engine?.stop()
})

describe.skipIf(docker.reason !== null)(docker.named('a home server'), () => {
  test('builds the image and does its first job by the commands at the top of docs/docker.md', async () => {
    // BuildKit has no network of its own here.
    const folder = mkdtempSync(join(tmpdir(), 'build-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const network = join(folder, 'network.yml')
    writeFileSync(network, 'services: { bus: { build: { network: host } } }\n')
    const env = { COMPOSE_FILE: `docker-compose.yml:${network}` }
    const commands = blocksOf('docker.md').map(({ text }) => text)
    const [up, ...rest] = commands.join('\n').split('\n')
    expect(up).toBe('docker compose up -d --wait bus')
    await type(up!, env)
    const [result] = answersIn(await type(rest.join('\n'), env))
    expect(result).toMatchObject({ status: 'fulfilled', result: '"DINNER IS READY"' })
  }, 400_000)

  test('is looked at by the last of the commands that upgrade it, and has kept what it had', async () => {
    const [, upgrade] = /^## How do I upgrade.*?^```\n(.*?)^```$/ms.exec(page)!
    const [pull, build, up, smoke] = upgrade!.trim().split('\n')
    expect(pull).toBe('git pull')
    expect(build).toBe('docker compose build --pull')
    expect(up).toBe('docker compose up -d')
    // When a key was last used is written down a little later.
    const keys = async () =>
      JSON.parse(await type('docker compose exec -T bus intent-bus keys list --json')).map(
        (key: Record<string, unknown>) => [key['key_id'], key['owner'], key['prefix'], key['created_at']],
      )
    const before = await keys()
    expect(before).toEqual([[1, 'home', expect.any(String), expect.any(Number)]])
    // A newer image of the same name, as that build would leave one; and the bus alone, since not all images are here.
    await type("printf 'FROM intent-bus:latest\\nLABEL newer=1\\n' | $DOCKER build --tag intent-bus:latest -")
    await type(`${up} --wait bus`)
    const container = JSON.parse(await engine.must('inspect', 'intent-bus-bus-1'))[0]
    expect(container.Config.Labels).toMatchObject({ newer: '1' })
    const said = await type(smoke!)
    expect(said).toMatch(/\b0 not\b/)
    expect(await keys()).toEqual(before)
  }, 400_000)

  test('takes secrets of its own from a directory, and changes them there, by the commands of docs/docker.md', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'own-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const [, block] = /^\*\*Secrets of your own\*\*.*?^```\n(.*?)^```$/ms.exec(page)!
    const [make, setting, up] = block!.trim().split('\n')
    const mine = join(folder, 'my-secrets')
    await type(make!.replace('sudo ', '').replace(/my-secrets$/, mine))
    await type(setting!.replace('>> .env', `>> ${folder}/.env`))
    expect(parseEnv(readFileSync(join(folder, '.env'), 'utf8'))).toEqual({ BUS_SECRETS: './my-secrets' })
    writeFileSync(join(mine, 'bus-secret'), 'a-secret-that-somebody-chose\n', { mode: 0o400 })
    chownSync(join(mine, 'bus-secret'), DEPLOYMENT.user, DEPLOYMENT.user)
    const env = { BUS_SECRETS: mine }
    await type(`${up} --wait`, env)
    expect(await opens('a-secret-that-somebody-chose')).toBe(true)
    await expectRotation(mine, env)
    await type('docker compose down')
  }, 400_000)

  test('whose directory of secrets belongs to root says whose it has to be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roots-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const made = type('docker compose run --rm -T secrets', { BUS_SECRETS: folder })
    await expect(made).rejects.toThrow(
      '/secrets/bus belongs to user 0, and user 65532 runs this. On the host: sudo chown -R 65532:65532 DIRECTORY',
    )
  }, 400_000)

  test('behind Traefik instead of Caddy changes a secret by the same commands', async () => {
    const env = { COMPOSE_FILE: 'docker-compose.yml:docker-compose.traefik.yml' }
    await type('docker compose up -d --wait bus', env)
    await expectRotation(undefined, env)
    await type('docker compose down', env)
  }, 400_000)

  test('on a NAS keeps data and keys in its shared folder, by the commands of docs/nas.md', async () => {
    await type('docker compose down')
    const folder = mkdtempSync(join(tmpdir(), 'nas-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const [block] = blocksOf('nas.md').map(({ text }) => inFolder(text, folder))
    const [settings, commands] = block!.split(/(?<=>> .*\.env\n)/)
    expect(commands).toMatch(/^docker compose up -d --wait bus\n/)
    await type(settings!.replace('>> .env', `>> ${folder}/.env`))
    const env = { ...parseEnv(readFileSync(join(folder, '.env'), 'utf8')), BIND_ADDRESS: '127.0.0.1' }
    expect(env).toMatchObject({ NAS_FOLDER: folder })
    const key = (await type(commands!.replace(' exec bus ', ' exec -T bus '), env)).trim()
    expect(statSync(join(folder, 'data/bus.db')).uid).toBe(DEPLOYMENT.user)
    expect(readdirSync(join(folder, 'secrets')).sort()).toEqual([
      'admin-secret',
      'bus-secret',
      'dashboard-password',
    ])
    const [{ HostConfig }] = JSON.parse(await engine.must('inspect', 'intent-bus-bus-1'))
    expect(HostConfig).toMatchObject({ NanoCpus: 0, ReadonlyRootfs: true, CapDrop: ['ALL'] })
    // The bus may be at its own first one.
    await vi.waitFor(() => type('docker compose exec -T bus intent-bus backup', env), { timeout: 60_000 })
    const backups = readdirSync(join(folder, 'backups')).filter(name => name.endsWith('.db.zst'))
    expect(backups).not.toEqual([])
    await expectRotation(join(folder, 'secrets'), env)
    const id = await publish(`http://127.0.0.1:${port}`, key, 'kept on a NAS')
    await type('docker compose down --volumes', env)

    // The one file, in a directory that has nothing else.
    const made = inFolder(blocksOf('nas.md')[1]!.text.split('\n').slice(2).join('\n'), folder)
    await type(
      made.replace('BIND_ADDRESS=0.0.0.0', '').replace('> intent-bus.yml', `> ${folder}/intent-bus.yml`),
    )
    const file = readFileSync(join(folder, 'intent-bus.yml'), 'utf8')
    expect(file).not.toMatch(/build:|env_file|^x-|cpus/m)
    expect(file).not.toContain(root)
    await type(`cd ${folder} && COMPOSE_FILE=intent-bus.yml docker compose up -d --wait bus`)
    expect(await statusOf(`http://127.0.0.1:${port}`, key, id)).toBe('open')
    await type('docker compose down --volumes')
  }, 400_000)
})

const opens = async (secret: string) =>
  (await post(`http://127.0.0.1:${port}`, '/claim?namespace=none', secret)).status === 204

/** By the commands of docs/docker.md. @param folder of the host, if the secrets do not lie in the volume */
async function expectRotation(folder: string | undefined, env: NodeJS.Dict<string>): Promise<void> {
  const [, block] = /^## How do I read a secret.*?^```\n(.*?)^```$/ms.exec(page)!
  const [show, change, restart] = block!.trim().split('\n')
  const shown = async () => (await type(show!.replace('dashboard-password', 'bus-secret'), env)).trim()
  const before = await shown()
  expect(await opens(before)).toBe(true)
  const said = await type(change!.replace('admin-secret', 'bus-secret'), env)
  expect(said).toContain(restart)
  await type(`${restart}\ndocker compose up -d --wait bus`, env)
  const after = await shown()
  expect(after).not.toBe(before)
  if (folder !== undefined) expect(readFileSync(join(folder, 'bus-secret'), 'utf8').trim()).toBe(after)
  expect(await opens(before)).toBe(false)
  expect(await opens(after)).toBe(true)
}

/** As root types it, with another shared folder. */
const inFolder = (script: string, folder: string) =>
  script.replaceAll('/volume1/docker/intent-bus', folder).replaceAll('sudo ', '')

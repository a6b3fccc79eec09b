/** What docs/on-a-server.md puts on a server, with the real programs: systemd's checker, strace, Caddy. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../../service/test/crash/child-bus.ts'
import { RealBus, root } from '../../service/test/real-bus.ts'
import { installed } from './shells.ts'

const run = promisify(execFile)

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'on-a-server-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1'
}

/** The unit as it is, but for where the clone is. */
function unitHere(name: string): string {
  const path = join(folder(), name.split('/').at(-1)!)
  const text = readFileSync(join(root, 'ops', name), 'utf8')
  writeFileSync(path, text.replaceAll('/opt/intent-bus', root))
  return path
}

describe.skipIf(installed('systemd-analyze') === undefined)('the units', () => {
  test.each(['server/intent-bus.service', 'workers/intent-bus-worker.service'])(
    '%s has nothing that systemd does not know',
    async name => {
      const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unitHere(name)])
      expect(stdout + stderr).toBe('')
    },
  )

  test('the bus makes no system call that its unit forbids', async () => {
    if (installed('strace') === undefined) throw new Error('strace is not installed')
    const { stdout } = await run('systemd-analyze', ['syscall-filter', '@system-service'])
    // A set names calls and other sets.
    const allowed = new Set<string>()
    const add = (listing: string): void => {
      for (const name of listing.match(/^ {4}[@\w-]+$/gm)!.map(line => line.trim())) {
        if (!name.startsWith('@')) allowed.add(name)
        else add(execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8' }))
      }
    }
    add(stdout)
    expect(allowed.size).toBeGreaterThan(200)

    const dir = folder()
    const trace = join(dir, 'calls')
    const bus = spawn(
      'strace',
      ['-f', '-c', '-o', trace, join(root, 'node_modules/.bin/node'), join(root, 'service/launch.js')],
      { cwd: dir, env: { ...process.env, PORT: '0', BUS_DB_PATH: join(dir, 'bus.db') } },
    )
    let said = ''
    bus.stdout.on('data', chunk => {
      said += chunk
    })
    await vi.waitUntil(() => said.includes('ready'), { timeout: 60_000 })
    const ended = new Promise(resolve => bus.on('close', resolve))
    bus.kill('SIGINT')
    await run('pkill', ['-TERM', '-P', `${bus.pid}`]).catch(() => undefined)
    await ended
    const made = [...readFileSync(trace, 'utf8').matchAll(/^ *[\d.]+ .* (\w+)$/gm)].map(([, name]) => name!)
    const forbidden = made.filter(name => !allowed.has(name) && name !== 'total')
    expect(made.length).toBeGreaterThan(20)
    expect(forbidden).toEqual([])
  })
})

describe.skipIf(installed('caddy') === undefined)('behind Caddy', () => {
  test('a client publishes and waits for work by HTTPS, which the bus insists on', async () => {
    const dir = folder()
    const bus = new RealBus(dir, { PORT: '0', BUS_TRUST_PROXY: '1', BUS_ENFORCE_HTTPS: 'true' })
    onTestFinished(() => bus.kill())
    const port = await bus.ready()
    const https = await freePort()
    // Caddy makes certificates for this name by itself; for another one it would ask an authority.
    const env = {
      ...process.env,
      BUS_DOMAIN: `https://localhost:${https}`,
      BUS_PORT: `${port}`,
      XDG_DATA_HOME: dir,
      XDG_CONFIG_HOME: dir,
    }
    const { stdout } = await run('caddy', ['adapt', '--config', join(root, 'ops/server/Caddyfile')], { env })
    const config = JSON.parse(stdout)
    config.admin = { disabled: true }
    config.apps.http.servers.srv0.automatic_https = { disable_redirects: true }
    config.apps.pki = { certificate_authorities: { local: { install_trust: false } } }
    writeFileSync(join(dir, 'caddy.json'), JSON.stringify(config))
    const caddy = spawn('caddy', ['run', '--config', join(dir, 'caddy.json')], { env, stdio: 'ignore' })
    onTestFinished(() => {
      caddy.kill('SIGKILL')
    })
    const authority = join(dir, 'caddy/pki/authorities/local/root.crt')
    await vi.waitUntil(() => existsSync(authority), { timeout: 20_000 })

    const key = /^BUS_SECRET=(.*)$/m.exec(readFileSync(join(dir, 'data/secrets.env'), 'utf8'))![1]!
    const ask = (method: string, path: string, body?: object): Promise<{ code: number; id?: unknown }> =>
      new Promise((resolve, reject) => {
        const asked = request(
          {
            // Not by the loopback address, which need not come by HTTPS.
            host: ownAddress(),
            servername: 'localhost',
            port: https,
            method,
            path,
            ca: readFileSync(authority),
            headers: { host: `localhost:${https}`, 'x-api-key': key },
          },
          answer =>
            json(answer).then(told => resolve({ ...(told as object), code: answer.statusCode! }), reject),
        )
        asked.on('error', reject)
        asked.end(body === undefined ? undefined : JSON.stringify(body))
      })
    await vi.waitUntil(
      () =>
        ask('GET', '/health').then(
          ({ code }) => code === 200,
          () => false,
        ),
      {
        timeout: 20_000,
      },
    )
    const waiting = ask('POST', '/claim?wait=30')
    const published = await ask('POST', '/intent', { goal: 'work', payload: 1 })
    expect(published.code).toBe(201)
    expect((await waiting).id).toBe(published.id)
    const unsafe = { 'x-api-key': key, 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'http' }
    expect((await fetch(`http://127.0.0.1:${port}/status/${published.id}`, { headers: unsafe })).status).toBe(
      403,
    )
  })
})

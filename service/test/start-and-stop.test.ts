import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BusProcess } from './support/bus-process.ts'
import { squatter } from './support/ports.ts'
import { root } from './support/root.ts'

const KEY = 'a-master-key-for-this-test'

let dir: string
let started: BusProcess[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bus-start-'))
  started = []
})
afterEach(async () => {
  await Promise.all(started.map(bus => bus.kill()))
  rmSync(dir, { recursive: true, force: true })
})

function start(env: Record<string, string> = {}): BusProcess {
  const bus = new BusProcess(dir, { PORT: '0', BUS_SECRET: KEY, ...env })
  started.push(bus)
  return bus
}

/** What it wrote to standard error, which must be one line, and its exit code 1. */
async function refusal(bus: BusProcess): Promise<string> {
  expect(await bus.refused()).toEqual({ code: 1, signal: null })
  expect(bus.err).toMatch(/^intent-bus: [^\n]+\n$/)
  return bus.err.trim()
}

const publish = (port: number) =>
  fetch(`http://127.0.0.1:${port}/intent`, {
    method: 'POST',
    headers: { 'X-API-KEY': KEY, 'Content-Type': 'application/json' },
    body: '{"goal":"g","payload":{}}',
  })

test('it notes where it listens, for its owner alone, and forgets it when it stops', async () => {
  const note = join(dir, 'data/bus.url')
  const port = await start().ready()
  expect(readFileSync(note, 'utf8')).toBe(`http://localhost:${port}\n`)
  expect(statSync(note).mode & 0o777).toBe(0o600)
  // One that is killed leaves it; the next one says what is true then.
  await started[0]!.kill()
  const other = start({ HOST: '0.0.0.0' })
  expect(readFileSync(note, 'utf8')).toBe(`http://localhost:${port}\n`)
  const otherPort = await other.ready()
  expect(readFileSync(note, 'utf8')).toBe(`http://localhost:${otherPort}\n`)
  other.signal('SIGTERM')
  expect((await other.exited).code).toBe(0)
  expect(existsSync(note)).toBe(false)
})

describe('a start that cannot work ends with one line and code 1', () => {
  test('a wrong setting', async () => {
    expect(await refusal(start({ BUS_LEASE_SECONDS: 'long' }))).toBe(
      'intent-bus: BUS_LEASE_SECONDS is "long": it takes a whole number from 10 to 3600.',
    )
    expect(existsSync(join(dir, 'data'))).toBe(false)
  })

  test('several wrong settings: a line each, at once', async () => {
    const bus = start({ BUS_LEASE_SECONDS: 'long', HOST: 'local host' })
    expect(await bus.refused()).toEqual({ code: 1, signal: null })
    expect(bus.err.trim().split('\n')).toEqual([
      expect.stringMatching(/^intent-bus: HOST is "local host": it takes /),
      expect.stringMatching(/^intent-bus: BUS_LEASE_SECONDS is "long": it takes /),
    ])
  })

  test('a port that is taken', async () => {
    const { port, server } = await squatter()
    expect(await refusal(start({ PORT: `${port}` }))).toContain(`port ${port} of 127.0.0.1 is taken`)
    server.close()
  })

  test('an address of some other machine', async () => {
    expect(await refusal(start({ HOST: '192.0.2.1' }))).toContain('HOST is "192.0.2.1"')
  })

  test('a database that another bus has', async () => {
    await start().ready()
    expect(await refusal(start())).toContain('bus.db is in use by another bus')
  })

  test('a file that is no database, which stays as it is', async () => {
    const path = join(dir, 'notes.txt')
    writeFileSync(path, 'these are notes, and long enough to be a header')
    expect(await refusal(start({ BUS_DB_PATH: path }))).toContain('is not an SQLite database')
    expect(statSync(path).size).toBe(47)
  })

  test('a key file that went missing under a database with keys', async () => {
    const bus = start({ BUS_ADMIN_SECRET: KEY })
    const port = await bus.ready()
    const made = await fetch(`http://127.0.0.1:${port}/admin/generate_key`, {
      method: 'POST',
      headers: { 'X-Admin-Token': KEY, 'Content-Type': 'application/json' },
      body: '{"owner":"pi"}',
    })
    expect(made.status).toBe(201)
    await bus.kill()
    rmSync(join(dir, 'data/bus.key'))
    expect(await refusal(start())).toContain('bus.key is missing, and 1 API key in the database')
    expect(existsSync(join(dir, 'data/bus.key'))).toBe(false)
    // As after a restore: with the key put back, it is not to go on with secrets that nobody has.
    rmSync(join(dir, 'data/secrets.env'))
    expect(await refusal(start())).toContain('bus.key is missing')
    expect(existsSync(join(dir, 'data/secrets.env'))).toBe(false)
  })
})

test('it warns of a database in a folder that was not there, which may be a slip of the pen', async () => {
  const path = join(dir, 'dtaa/bus.db')
  const bus = start({ BUS_DB_PATH: path })
  await bus.ready()
  const said = (of: BusProcess) =>
    of.out.split('\n').find(line => line.includes(`there is no ${path} (BUS_DB_PATH)`))
  expect(JSON.parse(said(bus)!)).toMatchObject({ level: 'warn' })
  await bus.kill()
  const again = start({ BUS_DB_PATH: path })
  await again.ready()
  expect(said(again)).toBeUndefined()
})

test('it listens to all the network on a phone, which does not tell its interfaces', async () => {
  const preload = join(dir, 'phone.cjs')
  writeFileSync(
    preload,
    `require('node:os').networkInterfaces = () => { throw new Error('uv_interface_addresses') }
     require('node:module').syncBuiltinESMExports()`,
  )
  const port = await start({ HOST: '0.0.0.0', NODE_OPTIONS: `--require=${preload}` }).ready()
  expect((await publish(port)).status).toBe(201)
})

test('what it writes is for its own user only', async () => {
  await start().ready()
  for (const name of ['', 'bus.db', 'bus.key', 'secrets.env']) {
    expect(statSync(join(dir, 'data', name)).mode & 0o077, name).toBe(0)
  }
})

test('a signal from another process opens no inspector', async () => {
  const bus = start()
  const port = await bus.ready()
  bus.signal('SIGUSR1')
  expect((await publish(port)).status).toBe(201)
  bus.signal('SIGTERM')
  expect(await bus.exited).toEqual({ code: 0, signal: null })
  expect(bus.err).toBe('')
})

test('without a terminal, its log says where the page and the secrets are', async () => {
  const bus = start()
  const port = await bus.ready()
  const line = bus.out.split('\n').find(text => text.includes('is ready'))!
  expect(JSON.parse(line)).toMatchObject({
    dashboard: `http://localhost:${port}/admin/dashboard`,
    secrets: 'data/secrets.env',
  })
})

test('no secret is in what it logs', async () => {
  const bus = start({ LOG_LEVEL: 'trace' })
  await publish(await bus.ready())
  bus.signal('SIGTERM')
  await bus.exited
  expect(bus.out + bus.err).not.toContain(KEY)
})

describe('told to stop', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s it exits 0, and what it acknowledged is there',
    async signal => {
      const bus = start()
      const answer = await publish(await bus.ready())
      const { id } = (await answer.json()) as { id: string }
      bus.signal(signal)
      expect(await bus.exited).toEqual({ code: 0, signal: null })
      expect(bus.err).toBe('')

      const port = await start().ready()
      const status = await fetch(`http://127.0.0.1:${port}/status/${id}`, { headers: { 'X-API-KEY': KEY } })
      expect(await status.json()).toMatchObject({ id, status: 'open' })
    },
  )

  test('by the pid of `npm start`, which the shell of a script has', async () => {
    const env = { ...process.env, PORT: '0', BUS_SECRET: KEY, BUS_DB_PATH: join(dir, 'bus.db') }
    const npm = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    npm.stdout.on('data', chunk => {
      out += chunk
    })
    // The bus holds this pipe: it is closed when the bus has ended, and not before.
    const closed = new Promise(resolve => npm.stdout.on('close', resolve))
    while (!out.includes('is ready')) await new Promise(resolve => setTimeout(resolve, 20))
    npm.kill('SIGTERM')
    await closed
    expect(out).toContain('"msg":"stopped"')
  })

  /** A request that never ends: the bus waits for it as long as it may. */
  async function hangingRequest(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(
      `POST /intent HTTP/1.1\r\nHost: x\r\nX-API-KEY: ${KEY}\r\nContent-Type: application/json\r\n`,
    )
    socket.write('Content-Length: 100\r\n\r\n{')
    // Long enough for the bus to have read the head.
    await new Promise(resolve => setTimeout(resolve, 200))
  }

  test('it does not wait for a connection on which nobody has said anything', async () => {
    const bus = start()
    const port = await bus.ready()
    const silent = connect(port, '127.0.0.1')
    silent.on('error', () => {})
    await new Promise(resolve => silent.once('connect', resolve))
    bus.signal('SIGTERM')
    expect(await bus.exited).toEqual({ code: 0, signal: null })
  })

  test('it waits half of BUS_DRAIN_SECONDS for clients that do not send their body or read their answers', async () => {
    const bus = start({ BUS_DRAIN_SECONDS: '8' })
    const port = await bus.ready()
    await hangingRequest(port)
    const reader = connect(port, '127.0.0.1').pause()
    reader.on('error', () => {})
    reader.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(32))
    await new Promise(resolve => setTimeout(resolve, 500))
    bus.signal('SIGTERM')
    expect(await bus.exited).toEqual({ code: 0, signal: null })
    expect(bus.out).toContain('"msg":"stopped"')
    reader.destroy()
  })

  test('it does not wait longer than BUS_DRAIN_SECONDS for what is never done', async () => {
    const program = `
      import { stopOnSignal } from ${JSON.stringify(join(root, 'service/process/shutdown.ts'))}
      stopOnSignal({
        withinMs: () => 200,
        stop: () => new Promise(() => {}),
        lastLines: async () => {},
        say: (level, line) => console.log(level, line),
      })
      setInterval(() => {}, 1000)
      console.log('ready')`
    const stubborn = spawn(process.execPath, ['--input-type=module', '-e', program])
    let out = ''
    stubborn.stdout.on('data', chunk => {
      if (out === '') stubborn.kill('SIGTERM')
      out += chunk
    })
    expect(await new Promise(resolve => stubborn.on('close', resolve))).toBe(1)
    expect(out).toContain('fatal not done after 0.2 s (BUS_DRAIN_SECONDS)')
  })

  test('twice, it exits at once', async () => {
    const bus = start({ BUS_DRAIN_SECONDS: '60' })
    await hangingRequest(await bus.ready())
    bus.signal('SIGTERM')
    await new Promise(resolve => setTimeout(resolve, 600))
    bus.signal('SIGTERM')
    expect(await bus.exited).toEqual({ code: 143, signal: null })
  })
})

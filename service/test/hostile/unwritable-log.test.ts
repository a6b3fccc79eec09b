/** A log that cannot be written: the bus serves as ever, counts what it lost, and ends when it is asked to. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Client } from '../support/client.ts'
import { root } from '../support/root.ts'
import { fullPipe } from './full-pipe.ts'
import { SmallDisk, whyNoSmallDisk } from './small-disk.ts'

const MASTER = 'master-key-of-the-log-0123456789abcdef'
const LAUNCHER = join(root, 'service/launch.js')
const noSmallDisk = whyNoSmallDisk()
const noTerminal = spawnSync('script', ['--version']).status === 0 ? null : 'script is not installed'
const named = (name: string, missing: string | null) =>
  missing === null ? name : `${name} (skipped: ${missing})`

const env = {
  PATH: process.env['PATH'] ?? '',
  PORT: '0',
  BUS_SECRET: MASTER,
  BUS_METRICS_TOKEN: MASTER,
  LOG_LEVEL: 'trace',
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bus-log-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A bus whose standard output and error are this descriptor. */
function start(cwd: string, log: number, more: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [LAUNCHER], {
    cwd,
    env: { ...env, ...more },
    stdio: ['ignore', log, log],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Its port, from the file that it leaves for the command line: there is no log to read it from. */
async function clientOf(cwd: string): Promise<Client> {
  const note = join(cwd, 'data/bus.url')
  while (!existsSync(note)) await sleep(20)
  return new Client(readFileSync(note, 'utf8').trim(), { 'x-api-key': MASTER })
}

async function stopped(child: ChildProcess): Promise<unknown[]> {
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  return exit
}

/** @returns how a bus ends that cannot use its settings, and has to say so */
const failedStart = (log: number): Promise<unknown[]> =>
  once(start(folder(), log, { BUS_LEASE_SECONDS: 'long' }), 'exit')

async function dropped(client: Client): Promise<number> {
  const { text } = await client.get('/metrics', { authorization: `Bearer ${MASTER}` })
  return Number(/^intent_bus_log_lines_dropped_total (\d+)$/m.exec(text)?.[1])
}

/** Each request is a line at this level. */
async function served(client: Client, requests: number): Promise<void> {
  for (let i = 0; i < requests; i += 1) {
    expect((await client.post('/intent', { goal: 'g', payload: {} })).status).toBe(201)
  }
}

/** @returns the lines, all of which are whole */
const linesOf = (file: string): { level: string; msg: string; lines?: number }[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

describe.skipIf(noSmallDisk !== null)(named('on a full disk', noSmallDisk), () => {
  function smallDisk(): SmallDisk {
    const disk = new SmallDisk(1)
    onTestFinished(() => disk.remove())
    return disk
  }

  test('the bus starts, serves, counts the lost lines, and stops', async () => {
    const disk = smallDisk()
    const log = openSync(join(disk.path, 'bus.log'), 'a')
    onTestFinished(() => closeSync(log))
    disk.fill()
    const cwd = folder()
    const bus = start(cwd, log)
    const client = await clientOf(cwd)
    await served(client, 5)
    expect(await dropped(client)).toBeGreaterThan(5)
    expect(await stopped(bus)).toEqual([0, null])
  })

  test('every line is whole once there is room again, and one says how many are missing', async () => {
    const disk = smallDisk()
    const file = join(disk.path, 'bus.log')
    const log = openSync(file, 'a')
    onTestFinished(() => closeSync(log))
    const cwd = folder()
    const bus = start(cwd, log)
    const client = await clientOf(cwd)
    disk.fill()
    // A disk ends at a page of 4 KiB: the line that reaches the end is cut.
    await served(client, 60)
    const lost = await dropped(client)
    expect(lost).toBeGreaterThan(0)
    expect(readFileSync(file, 'utf8')).not.toMatch(/\n$/)
    disk.relieve()
    await served(client, 1)
    expect(await stopped(bus)).toEqual([0, null])
    const told = linesOf(file).filter(({ lines }) => lines !== undefined)
    expect(told).toEqual([expect.objectContaining({ level: 'warn', lines: expect.any(Number) })])
    expect(told[0]!.lines).toBeGreaterThanOrEqual(lost)
  })

  test('a log that is emptied to make room begins with a whole line', async () => {
    const disk = smallDisk()
    const file = join(disk.path, 'bus.log')
    const log = openSync(file, 'a')
    onTestFinished(() => closeSync(log))
    const cwd = folder()
    const bus = start(cwd, log)
    const client = await clientOf(cwd)
    disk.fill()
    await served(client, 60)
    ftruncateSync(log, 0)
    await served(client, 1)
    expect(await stopped(bus)).toEqual([0, null])
    expect(linesOf(file).length).toBeGreaterThan(2)
  })

  test('a start that fails still ends with code 1', async () => {
    const disk = smallDisk()
    const log = openSync(join(disk.path, 'bus.log'), 'a')
    onTestFinished(() => closeSync(log))
    disk.fill()
    expect(await failedStart(log)).toEqual([1, null])
  })
})

describe.skipIf(process.platform === 'win32')('with a pipe that is full and that no one reads', () => {
  test('the bus starts, serves and stops', async () => {
    const cwd = folder()
    const bus = start(cwd, fullPipe())
    await served(await clientOf(cwd), 20)
    expect(await stopped(bus)).toEqual([0, null])
  })

  test('no more than a mebibyte waits for the reader, and the rest is counted', async () => {
    const report = join(folder(), 'report')
    const script = `
      import { writeFileSync } from 'node:fs'
      import { openLineSink } from '${join(root, 'service/log/line-sink.ts')}'
      const sink = openLineSink(1)
      const line = 'x'.repeat(1023) + '\\n'
      for (let i = 0; i < 3000; i += 1) sink.write(line)
      const isOut = await sink.flush(10)
      writeFileSync(process.argv[1], JSON.stringify([sink.dropped, isOut]))
      process.exit(0)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, report], {
      stdio: ['ignore', fullPipe(), 'inherit'],
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual([3000 - 1024, false])
  })

  test('a start that fails still ends with code 1', async () => {
    expect(await failedStart(fullPipe())).toEqual([1, null])
  })
})

test('a pipe whose reader has gone ends nothing', async () => {
  const cwd = folder()
  const bus = spawn(process.execPath, [LAUNCHER], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void bus.kill('SIGKILL'))
  const client = await clientOf(cwd)
  bus.stdout.destroy()
  bus.stderr.destroy()
  await served(client, 5)
  expect(await dropped(client)).toBeGreaterThan(0)
  expect(await stopped(bus)).toEqual([0, null])
})

test.skipIf(noTerminal !== null)(named('a terminal that has gone ends nothing', noTerminal), async () => {
  const cwd = folder()
  // In a session of its own the bus does not even hear that the terminal closed.
  const command = `exec setsid --wait sh -c 'echo $$ > pid; exec "${process.execPath}" "${LAUNCHER}"'`
  const terminal = spawn('script', ['-qfc', command, '/dev/null'], { cwd, env, stdio: 'pipe' })
  onTestFinished(() => void terminal.kill('SIGKILL'))
  const client = await clientOf(cwd)
  const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'))
  onTestFinished(() => endQuietly(pid))
  const gone = once(terminal, 'exit')
  terminal.kill('SIGKILL')
  await gone
  await served(client, 5)
  expect(await dropped(client)).toBeGreaterThan(0)
  process.kill(pid, 'SIGTERM')
  while (isAlive(pid)) await sleep(20)
  expect(existsSync(join(cwd, 'data/bus.url'))).toBe(false)
})

function endQuietly(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

function isAlive(pid: number): boolean {
  try {
    // One that has ended and was not waited for counts as gone.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

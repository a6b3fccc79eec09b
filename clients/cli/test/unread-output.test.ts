/** A worker whose log cannot be written works as ever, and ends when it is told to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fullPipe } from '@intent-bus/service/test/hostile/full-pipe'
import { busForFile } from '@intent-bus/service/test/support/bus'
import { describe, expect, onTestFinished, test } from 'vitest'
import { COMMAND, emptyDir, userOf } from './support/run.ts'

const bus = await busForFile()
const user = userOf(bus.url)

function fullDisk(): number {
  const fd = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(fd))
  return fd
}

type End = number | 'ignore'

function worker(args: readonly string[], out: End, err: End) {
  const cwd = emptyDir()
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...user.env },
    stdio: ['ignore', out, err],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function fulfilled(): Promise<void> {
  const id = await bus.master.publish({ goal: 'job', payload: 1 })
  const status = async () => (await bus.master.get(`/status/${id}`)).json.status
  while ((await status()) !== 'fulfilled') await sleep(20)
}

const NOISY = ['work', 'job', '--exec', 'head -c 1000000 /dev/zero | tr "\\0" x >&2; echo done']

describe.skipIf(process.platform !== 'linux').each([
  ['a full disk', fullDisk],
  ['a pipe that no one reads', fullPipe],
])('with its log on %s', (_where, descriptor) => {
  test('a worker does its jobs, and SIGTERM ends it', async () => {
    const child = worker(NOISY, 'ignore', descriptor())
    for (let jobs = 0; jobs < 2; jobs += 1) await fulfilled()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('a worker that writes its events as JSON does its jobs, and SIGTERM ends it', async () => {
    const child = worker(['--json', ...NOISY], descriptor(), 'ignore')
    for (let jobs = 0; jobs < 2; jobs += 1) await fulfilled()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('a command that fails says so with its exit code', async () => {
    const child = worker(['status', 'no-id'], 'ignore', descriptor())
    expect(await once(child, 'exit')).not.toEqual([0, null])
  })
})

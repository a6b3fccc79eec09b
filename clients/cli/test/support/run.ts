/** The command as it is run: a process of its own, in an empty directory, with nothing set but what the test sets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ADMIN_TOKEN, MASTER } from '@intent-bus/service/test/support/bus'
import { onTestFinished } from 'vitest'

export const COMMAND = fileURLToPath(new URL('../../intent-bus.js', import.meta.url))

type Ran = { code: number | null; signal: NodeJS.Signals | null; out: string; err: string }
export type Running = { child: ChildProcess; ended: Promise<Ran>; out: () => string; err: () => string }
export type Place = { cwd?: string; env?: Record<string, string>; stdin?: string }

export function start(
  args: readonly string[],
  { cwd = emptyDir(), env = {}, stdin = '' }: Place = {},
): Running {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    err += chunk
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  const ended = new Promise<Ran>(resolve =>
    child.on('close', (code, signal) => resolve({ code, signal, out, err })),
  )
  return { child, ended, out: () => out, err: () => err }
}

export function emptyDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bus-command-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Somebody who has set up a bus by environment variables. */
export function userOf(url: string, more: Record<string, string> = {}) {
  const env = { BUS_URL: url, BUS_API_KEY: MASTER, BUS_ADMIN_TOKEN: ADMIN_TOKEN, ...more }
  return {
    env,
    start: (args: readonly string[], place: Place = {}) =>
      start(args, { ...place, env: { ...env, ...place.env } }),
    run: (args: readonly string[], place: Place = {}) =>
      start(args, { ...place, env: { ...env, ...place.env } }).ended,
    /** @returns what it printed as JSON */
    async json(...args: string[]) {
      const { out, code, err } = await start(['--json', ...args], { env }).ended
      if (code !== 0) throw new Error(`${args.join(' ')}: exit code ${code}, ${err}`)
      return JSON.parse(out)
    },
  }
}

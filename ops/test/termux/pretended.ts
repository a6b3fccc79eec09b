/**
 * As much of a Termux as the scripts look for before and around what they start: `$HOME`, `$PREFIX`, its commands. What the
 * heavy suites run in a Termux of its own folders is tested here by the step, in any place and in no time.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { root } from '../../../service/test/support/root.ts'

export const scripts = join(root, 'ops/termux')

export type Ended = { code: number | null; out: string; err: string }

export class Pretended {
  readonly folder = mkdtempSync(join(tmpdir(), 'pretended-'))
  readonly home = join(this.folder, 'home')
  readonly prefix = join(this.folder, 'usr')
  readonly bus = join(this.home, 'intent-bus')
  readonly env: NodeJS.ProcessEnv

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }))
    mkdirSync(join(this.prefix, 'bin'), { recursive: true })
    mkdirSync(this.home)
    this.env = {
      HOME: this.home,
      PREFIX: this.prefix,
      PATH: [join(this.prefix, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
    }
    this.command('id', 'echo 10123')
    // All packages are there, or come at once.
    this.command('pkg', ':')
    this.command('npm', ':')
  }

  /** Puts a script into `$PREFIX/bin`. */
  command(name: string, body: string): void {
    writeFileSync(join(this.prefix, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }

  write(name: string, text: string | Buffer): string {
    const path = join(this.home, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  read(name: string): string {
    return readFileSync(join(this.home, name), 'utf8')
  }

  /** A release whose set-up makes it the current one, and does no more. @returns its folder */
  release(name: string): string {
    this.write(`${name}/package.json`, '{}')
    this.write(`${name}/service/launch.js`, '')
    this.write(`${name}/service/package.json`, '{\n  "version": "0.1.0"\n}\n')
    this.write(
      `${name}/ops/termux/set-up.sh`,
      [
        'ln -sfn "$1" "$bus_home/current"',
        'echo better-sqlite3 > "$1/.sqlite-driver"',
        'printf "%s node_sqlite=%s\\n" "$(basename "$1")" "$node_sqlite" >> "$HOME/set-up"',
      ].join('\n'),
    )
    cpSync(join(scripts, 'bootstrap.sh'), join(this.home, name, 'ops/termux/bootstrap.sh'))
    return join(this.home, name)
  }

  /** What each set-up was called for. */
  get setUps(): string[] {
    return this.read('set-up').trim().split('\n')
  }

  /** Types a line into a session. */
  run(line: string, env: NodeJS.ProcessEnv = {}): Ended {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
      cwd: this.home,
      encoding: 'utf8',
      env: { ...this.env, ...env },
    })
    return { code: status, out: stdout, err: stderr }
  }

  /** The same, while this process serves what the session asks for. */
  async runBeside(line: string): Promise<Ended> {
    const session = spawn('bash', ['-c', line], {
      cwd: this.home,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended: Ended = { code: null, out: '', err: '' }
    session.stdout.on('data', chunk => {
      ended.out += chunk
    })
    session.stderr.on('data', chunk => {
      ended.err += chunk
    })
    const [code] = await once(session, 'close')
    return { ...ended, code }
  }
}

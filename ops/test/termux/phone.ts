/**
 * A Termux without Android: its own `$PREFIX` and `$HOME` where Termux has them, a user that is not root, no `/bin`, no
 * `/usr/bin`, no `/tmp`, nothing else that could be written. Everything in it is a real program of this machine, but for
 * `pkg`, which knows a few packages, and what asks the phone, which writes down how it was called.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CCACHE,
  COMPILED,
  FILES,
  furnish,
  headersHere,
  MACHINE,
  NEEDED_HERE,
  PREFIX,
  programHere,
  type Userland,
} from './packages.ts'

/** An app's. */
const UID = 10_123
export const HOME = `${FILES}/home`

function whyNoPhone(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'it takes root to enter one'
  const missing = NEEDED_HERE.find(name => programHere(name) === undefined)
  if (missing !== undefined) return `${missing} is not installed`
  return headersHere() === undefined ? "Node's headers are not installed" : null
}

export const termux = {
  reason: whyNoPhone(),
  /** A suite that cannot be run says so by its name. */
  named: (what: string): string => {
    const reason = whyNoPhone()
    return reason === null ? what : `${what} (skipped: ${reason})`
  },
}

export type Ended = { code: number; out: string; err: string }
export type Session = { env?: Record<string, string>; input?: string; timeout?: number }

export class Phone {
  /** What is `/data/data/com.termux/files` inside. */
  readonly files: string
  readonly home: string | undefined
  #device: ChildProcess | null = null
  #inside = 0

  /** @param home another folder of this machine to be `$HOME`: one on a small disk */
  constructor(userland: Userland = 'coreutils', home?: string) {
    this.home = home
    this.files = mkdtempSync(join(tmpdir(), 'termux-'))
    mkdirSync(join(this.files, 'home'))
    mkdirSync(join(this.files, 'usr'))
    furnish(join(this.files, 'usr'), userland)
    mkdirSync(COMPILED, { recursive: true })
  }

  /** A file of it, by its path inside, as a path of this machine. */
  path(inside: string): string {
    if (this.home !== undefined && inside.startsWith(HOME)) return join(this.home, inside.slice(HOME.length))
    if (!inside.startsWith(FILES)) throw new Error(`${inside} is not of Termux`)
    return join(this.files, inside.slice(FILES.length))
  }

  /** Turns it on. Termux:Boot, where it is there, starts what it finds, and waits for nothing. */
  async on(boot: { app: boolean } = { app: true }): Promise<void> {
    const at = (inside: string) => ['--bind', this.path(inside), inside]
    const machine = ['lib', 'lib64', 'include', 'share'].flatMap(name =>
      existsSync(`/usr/${name}`) ? ['--ro-bind', `/usr/${name}`, `/usr/${name}`] : [],
    )
    const args = [
      ...['--unshare-user', '--uid', `${UID}`, '--gid', `${UID}`, '--unshare-pid', '--unshare-ipc'],
      ...[...machine, '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
      ...['--ro-bind', '/', MACHINE, '--proc', '/proc', '--dev', '/dev'],
      // Android's own shell, which Node takes there; the names of hosts.
      ...[
        '--ro-bind',
        '/usr/bin/dash',
        '/system/bin/sh',
        '--ro-bind',
        '/etc/resolv.conf',
        '/etc/resolv.conf',
      ],
      ...['--ro-bind', '/etc/hosts', '/etc/hosts', ...at(PREFIX), ...at(HOME)],
      ...['--bind', COMPILED, CCACHE, '--remount-ro', '/'],
      ...['--die-with-parent', '--info-fd', '3', '--clearenv'],
      ...[`${MACHINE}/usr/bin/sleep`, 'infinity'],
    ]
    const device = spawn('bwrap', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
    this.#device = device
    const said = { info: '', faults: '' }
    device.stderr!.on('data', chunk => {
      said.faults += chunk
    })
    await new Promise<void>((resolve, reject) => {
      device.stdio[3]!.on('data', chunk => {
        said.info += chunk
        if (said.info.includes('}')) resolve()
      })
      device.on('close', () => reject(new Error(`bwrap ended: ${said.faults}`)))
    })
    this.#inside = JSON.parse(said.info)['child-pid']
    // The pid is told before its world is made; its user comes last.
    while ((await this.run(`[ "$(id -u)" = ${UID} ]`, { timeout: 5000 })).code !== 0) {
      if (device.exitCode !== null) throw new Error(`bwrap ended: ${said.faults}`)
    }
    const scripts = this.path(`${HOME}/.termux/boot`)
    if (!boot.app || !existsSync(scripts)) return
    for (const name of readdirSync(scripts)) await this.run(`"$HOME/.termux/boot/${name}"`)
  }

  /** As a battery that was taken out: nothing in it is told. */
  async off(): Promise<void> {
    const device = this.#device
    if (device === null) return
    this.#device = null
    const gone = new Promise(resolve => device.once('close', resolve))
    process.kill(this.#inside, 'SIGKILL')
    device.kill('SIGKILL')
    await gone
  }

  async remove(): Promise<void> {
    await this.off()
    rmSync(this.files, { recursive: true, force: true })
  }

  /**
   * Types a command into a session of Termux. What it starts in the background goes on.
   *
   * @returns how it ended, whatever that was
   */
  run(command: string, { env = {}, input = '', timeout = 300_000 }: Session = {}): Promise<Ended> {
    const inside = ['-t', `${this.#inside}`, '-U', '-m', '-p', '-i', '--preserve-credentials']
    const shell = `cd "$HOME" && . "$PREFIX/etc/profile" && ${command}`
    const args = [...inside, '--', `${MACHINE}${programHere('bash')}`, '-c', shell]
    return new Promise(resolve => {
      const session = spawn(programHere('nsenter')!, args, { env: { ...ENVIRONMENT, ...env } })
      const ended: Ended = { code: -1, out: '', err: '' }
      const late = setTimeout(() => session.kill('SIGKILL'), timeout)
      session.stdout.on('data', chunk => {
        ended.out += chunk
      })
      session.stderr.on('data', chunk => {
        ended.err += chunk
      })
      session.stdin.on('error', () => undefined)
      session.stdin.end(input)
      const end = (code: number | null) => {
        clearTimeout(late)
        session.stdout.destroy()
        session.stderr.destroy()
        resolve({ ...ended, code: code ?? -1 })
      }
      session.on('close', end)
      // What goes on in the background may hold the pipes for good; what was said by then has come.
      session.on('exit', code => setTimeout(end, 300, code))
    })
  }

  /** @throws when it does not end well @returns what it printed */
  async must(command: string, session: Session = {}): Promise<string> {
    const { code, out, err } = await this.run(command, session)
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${out}${err}`)
    return out.trim()
  }

  /** How the phone was asked for something, in order: `termux-wake-lock`. */
  get calls(): string[] {
    const log = this.path(`${PREFIX}/var/fake/calls`)
    return existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []
  }

  /** What a command that asks the phone answers from now on. */
  answer(name: string, text: string): void {
    writeFileSync(this.path(`${PREFIX}/var/fake/answers/${name}`), text)
  }

  /** Everything that lies in it, but for the shelf of packages. */
  listing(): string[] {
    const all = execFileSync(
      'find',
      [this.files, '-path', '*/share/fake-packages', '-prune', '-o', '-print'],
      {
        encoding: 'utf8',
      },
    )
    return all
      .trimEnd()
      .split('\n')
      .map(path => path.slice(this.files.length + 1))
      .sort()
  }
}

const ENVIRONMENT: Record<string, string> = {
  PREFIX,
  HOME,
  PATH: `${PREFIX}/bin`,
  TMPDIR: `${PREFIX}/tmp`,
  SHELL: `${PREFIX}/bin/bash`,
  LANG: 'en_US.UTF-8',
  TERM: 'xterm-256color',
  TERMUX_VERSION: '0.118.3',
  // Of this machine, for npm: how it reaches its registry.
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name, value]) =>
        value !== undefined && /^(https?|no)_proxy$|^npm_config_(registry|cafile)$/i.test(name),
    ) as [string, string][],
  ),
  ...(process.env['NODE_EXTRA_CA_CERTS'] === undefined
    ? {}
    : { NODE_EXTRA_CA_CERTS: `${MACHINE}${process.env['NODE_EXTRA_CA_CERTS']}` }),
}

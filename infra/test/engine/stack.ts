/** A stack of the program in infra/, worked with as a user does: by the `pulumi` command, in a clone. */
import { execFile, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Ended } from '../../../ops/test/docker/engine.ts'
import { root } from '../../../service/test/support/root.ts'
import { pulumi } from './toolchain.ts'

const run = promisify(execFile)

/** How many resources an update made, changed, left as they are: none that is zero is named. */
export type Changes = Partial<Record<'create' | 'update' | 'replace' | 'delete' | 'same' | 'read', number>>

export class Stack {
  /** What it deploys: a copy of what is in the repository now, for tests to change. */
  readonly clone: string
  readonly name: string
  /** Of every `pulumi`, from the next one on. */
  readonly env: NodeJS.ProcessEnv
  /** All that `pulumi` printed, but for what was asked for in plain. */
  said = ''
  readonly #dir: string

  /** @param env where its Docker is, and what else the program reads there */
  constructor(name: string, env: Record<string, string>) {
    this.name = name
    this.#dir = mkdtempSync(join(tmpdir(), 'bus-stack-'))
    this.clone = join(this.#dir, 'clone')
    copyOfRepository(this.clone)
    askForHealthEachSecond(join(this.clone, 'infra/components'))
    const home = join(this.#dir, 'home')
    for (const folder of [home, join(this.#dir, 'state')]) mkdirSync(folder)
    symlinkSync(pulumi.plugins, join(home, 'plugins'))
    this.env = {
      ...process.env,
      // Node itself, for the language host.
      PATH: [pulumi.programs, dirname(process.execPath), process.env['PATH']].join(delimiter),
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${join(this.#dir, 'state')}`,
      PULUMI_CONFIG_PASSPHRASE: 'the passphrase of the tests',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      // What is missing is an error, not a download.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      NODE_OPTIONS: '',
      ...env,
    }
  }

  /** @param args of `pulumi`, without the stack's name @returns how it ended, whatever that was */
  async pulumi(...args: string[]): Promise<Ended> {
    const ended = await this.#pulumi(args)
    if (!args.includes('--show-secrets')) this.said += ended.out + ended.err
    return ended
  }

  async #pulumi(args: string[]): Promise<Ended> {
    const all = [...args, '--stack', this.name, '--non-interactive', '--color', 'never']
    try {
      const options = { cwd: join(this.clone, 'infra'), env: this.env, maxBuffer: 2 ** 26 }
      const { stdout, stderr } = await run('pulumi', all, options)
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr || (error as Error).message }
    }
  }

  /** @throws when it does not end well @returns what it printed */
  async must(...args: string[]): Promise<string> {
    const { code, out, err } = await this.pulumi(...args)
    if (code !== 0) throw new Error(`pulumi ${args.join(' ')} ended with ${code}:\n${out}${err}`)
    return out.trim()
  }

  /**
   * A line of the docs, in infra/, on a PATH that has `pulumi` but no program of this clone: neither its Node, nor Pulumi's.
   * @throws when it does not end well @returns what it printed
   */
  async typed(line: string): Promise<string> {
    const path = (process.env['PATH'] ?? '')
      .split(delimiter)
      .filter(folder => !folder.includes('node_modules'))
    // The stack is the one that `init` has selected.
    const env = { ...this.env, PATH: [pulumi.programs, ...path].join(delimiter) }
    const { stdout } = await run('sh', ['-c', line], { cwd: join(this.clone, 'infra'), env })
    return stdout
  }

  /** Puts a file into its clone. */
  write(name: string, text: string): void {
    writeFileSync(join(this.clone, name), text)
  }

  /** As `pulumi stack init`. */
  async init(config: Record<string, string>): Promise<void> {
    await this.must('stack', 'init')
    await this.set(config)
  }

  /** As `pulumi config set`, and `pulumi config rm` for what is undefined. */
  async set(config: Record<string, string | undefined>): Promise<void> {
    for (const [key, value] of Object.entries(config)) {
      if (value === undefined) await this.must('config', 'rm', key)
      else await this.must('config', 'set', '--plaintext', key, value)
    }
  }

  async setSecret(key: string, value: string): Promise<void> {
    await this.must('config', 'set', '--secret', key, value)
  }

  async up(...args: string[]): Promise<Changes> {
    await this.must('up', '--yes', '--skip-preview', ...args)
    return this.#lastChanges()
  }

  /** `pulumi up`, which is killed as soon as this has happened, with no chance to note what it was at. */
  async killedUp(happened: () => Promise<boolean>): Promise<void> {
    const args = ['up', '--yes', '--skip-preview', '--stack', this.name, '--non-interactive']
    const child = spawn('pulumi', args, {
      ...{ cwd: join(this.clone, 'infra'), env: this.env },
      // A process group of its own, to end what it has started, too.
      ...{ detached: true, stdio: 'ignore' as const },
    })
    const ended = new Promise(resolve => child.on('close', resolve))
    while (!(await happened())) {
      if (child.exitCode !== null) throw new Error('pulumi up had ended by itself')
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    process.kill(-child.pid!, 'SIGKILL')
    await ended
  }

  async refresh(): Promise<Changes> {
    await this.must('refresh', '--yes', '--skip-preview')
    return this.#lastChanges()
  }

  async destroy(): Promise<Changes> {
    await this.must('destroy', '--yes', '--skip-preview')
    return this.#lastChanges()
  }

  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.must('stack', 'output', '--json', '--show-secrets'))
  }

  /** The state as it lies on the disk: what is secret is encrypted there. */
  async state(): Promise<string> {
    return this.must('stack', 'export')
  }

  /** Forgets everything, without a look at what it made. */
  dispose(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  async #lastChanges(): Promise<Changes> {
    const [last] = JSON.parse(await this.must('stack', 'history', '--json', '--page-size', '1'))
    return last.resourceChanges
  }
}

/** With its packages, which are not copied. */
function copyOfRepository(to: string): void {
  const left = new Set(['node_modules', '.git'])
  cpSync(root, to, { recursive: true, filter: from => !left.has(basename(from)) })
  for (const at of ['', 'infra']) {
    const packages = join(root, at, 'node_modules')
    if (existsSync(packages)) symlinkSync(packages, join(to, at, 'node_modules'))
  }
}

/**
 * Docker asks a container for the first time how it is after one interval. That is a quarter of a minute as shipped, of which
 * each `up` would be most.
 */
function askForHealthEachSecond(components: string): void {
  const shipped = "interval: '15s'"
  let changed = 0
  for (const name of readdirSync(components)) {
    const file = join(components, name)
    const text = readFileSync(file, 'utf8')
    if (!text.includes(shipped)) continue
    writeFileSync(file, text.replaceAll(shipped, "interval: '1s'"))
    changed += 1
  }
  if (changed !== 3) throw new Error(`${changed} components have ${shipped}, and three had`)
}

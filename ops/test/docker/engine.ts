/** A Docker of the tests' own, with its own storage and socket: what else runs on this machine is left alone. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE } from '../../../service/test/support/cache.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { root } from '../../../service/test/support/root.ts'
import { keepForwarding } from './forwarding.ts'

const run = promisify(execFile)

/** Debian's has BuildKit built in; a newer one elsewhere needs a plugin for it. */
const CLIENT = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker'

/** Why there can be no Docker here, if so. */
function whyNoDocker(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'it takes root to start one'
  const missing = ['dockerd', 'docker', 'debootstrap', 'busybox', 'iptables', 'npm'].find(
    name => installed(name) === undefined,
  )
  return missing === undefined ? null : `${missing} is not installed`
}

export const docker = {
  reason: whyNoDocker(),
  /** A suite that cannot be run says so by its name. */
  named: (what: string): string => {
    const reason = whyNoDocker()
    return reason === null ? what : `${what} (skipped: ${reason})`
  },
}

export type Ended = { code: number; out: string; err: string }

export type EngineOptions = {
  /** A default network, for builds and containers that name none. Without it they have no network at all. */
  bridge?: boolean
  /** Whether it has the base images, which takes most of its start: unless told otherwise. */
  images?: boolean
}

export class Engine {
  readonly #dir: string
  readonly #daemon: ReturnType<typeof spawn>
  readonly #ended: Promise<void>
  readonly #bridge: string | undefined
  readonly #putBack = keepForwarding()
  #log = ''

  private constructor({ bridge = false }: EngineOptions) {
    if (bridge) this.#bridge = newBridge()
    this.#dir = mkdtempSync(join(tmpdir(), 'bus-docker-'))
    const at = (name: string) => join(this.#dir, name)
    this.#daemon = spawn(
      'dockerd',
      [
        ...['--data-root', at('storage'), '--exec-root', at('exec'), '--pidfile', at('pid')],
        // Never docker0: it would be the same as that of another Docker here.
        ...['--host', `unix://${at('socket')}`, '--bridge', this.#bridge ?? 'none', '--group', 'root'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    this.#daemon.stderr!.on('data', chunk => {
      this.#log = (this.#log + chunk).slice(-4000)
    })
    this.#ended = new Promise(resolve => this.#daemon.on('close', () => resolve()))
  }

  /** A daemon, with the base images unless told otherwise. @throws with the end of its log */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(options)
    try {
      const deadline = performance.now() + 60_000
      while ((await engine.docker('info')).code !== 0) {
        if (engine.#daemon.exitCode !== null || performance.now() > deadline) throw new Error(engine.#log)
        await new Promise(resolve => setTimeout(resolve, 200))
      }
      if (options.images === false) return engine
      const script = join(root, 'ops/test/docker/base-images.sh')
      await run(script, [CACHE, process.execPath], { env: engine.#env({}), maxBuffer: 2 ** 24 })
      return engine
    } catch (error) {
      await engine.stop()
      throw error
    }
  }

  /** @param args of `docker` @returns how it ended, whatever that was */
  async docker(...args: string[]): Promise<Ended> {
    return this.#run(args, {})
  }

  /** @throws when it does not end well @returns what it printed */
  async must(...args: string[]): Promise<string> {
    const { code, out, err } = await this.docker(...args)
    if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${out}${err}`)
    return out.trim()
  }

  /** The image of the clone, or of another one. */
  async build(tag: string, { folder = root, args = [] as string[] } = {}): Promise<void> {
    await this.must('build', '--network', 'host', folder, '--tag', tag, ...args)
  }

  /** `docker compose` in a clone, as somebody would type it. @throws when it does not end well */
  async compose(folder: string, env: Record<string, string>, ...args: string[]): Promise<string> {
    const { code, out, err } = await this.#run(['compose', ...args], env, folder)
    if (code !== 0) throw new Error(`docker compose ${args.join(' ')} ended with ${code}:\n${out}${err}`)
    return out.trim()
  }

  /** Its address, as DOCKER_HOST has it. */
  get host(): string {
    return `unix://${join(this.#dir, 'socket')}`
  }

  /** For a command of a shell: `DOCKER compose …` where the environment is this. */
  env(more: Record<string, string>): Record<string, string> {
    return { ...this.#env(more), DOCKER: CLIENT } as Record<string, string>
  }

  async stop(): Promise<void> {
    const all = (await this.docker('ps', '-aq')).out.split('\n').filter(Boolean)
    if (all.length > 0) await this.docker('rm', '--force', '--volumes', ...all)
    await this.docker('network', 'prune', '--force')
    this.#daemon.kill('SIGTERM')
    await this.#ended
    if (this.#bridge !== undefined) execFileSync('ip', ['link', 'delete', this.#bridge])
    this.#putBack()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #env(more: Record<string, string>): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DOCKER_HOST: this.host,
      DOCKER_CONFIG: join(CACHE, 'docker'),
      DOCKER_BUILDKIT: '1',
      ...more,
    }
  }

  async #run(args: string[], more: Record<string, string>, cwd = root): Promise<Ended> {
    try {
      const env = this.#env(more)
      const { stdout, stderr } = await run(CLIENT, args, { cwd, env, maxBuffer: 2 ** 26 })
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr || (error as Error).message }
    }
  }
}

/** A network device with a subnet that no other run has. @returns its name */
function newBridge(): string {
  const name = `bus-${process.pid}`
  const [second, third] = [process.pid % 8, (process.pid >> 3) % 256]
  execFileSync('ip', ['link', 'add', name, 'type', 'bridge'])
  execFileSync('ip', ['address', 'add', `10.${200 + second}.${third}.1/24`, 'dev', name])
  execFileSync('ip', ['link', 'set', name, 'up'])
  return name
}

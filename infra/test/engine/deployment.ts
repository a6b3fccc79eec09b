/** What a stack made in a Docker, seen from outside of Pulumi. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Ended, Engine } from '../../../ops/test/docker/engine.ts'
import { root } from '../../../service/test/support/root.ts'
import type { Access } from './load.ts'

const run = promisify(execFile)

const FILES = {
  BUS_API_KEY: '/secrets/bus/bus-secret',
  BUS_ADMIN_TOKEN: '/secrets/bus/admin-secret',
  DASHBOARD_PASSWORD: '/secrets/bus/dashboard-password',
  BUS_METRICS_TOKEN: '/secrets/metrics/bus-metrics-token',
}
export type Secrets = Record<keyof typeof FILES, string>

export class Deployment {
  readonly url: string
  /** The container of the bus. */
  readonly bus: string
  readonly #engine: Engine

  constructor(engine: Engine, url: string, bus: string) {
    this.#engine = engine
    this.url = url
    this.bus = bus
  }

  /** As they lie in the volumes. */
  async secrets(): Promise<Secrets> {
    const code = `JSON.stringify(${JSON.stringify(Object.values(FILES))}.map(file => fs.readFileSync(file, 'utf8').trim()))`
    const read = await this.#engine.must('exec', this.bus, '/nodejs/bin/node', '-p', code)
    const values = JSON.parse(read) as string[]
    return Object.fromEntries(Object.keys(FILES).map((name, at) => [name, values[at]!])) as Secrets
  }

  async access(): Promise<Access> {
    const { BUS_API_KEY, BUS_ADMIN_TOKEN } = await this.secrets()
    return { url: this.url, key: BUS_API_KEY, adminToken: BUS_ADMIN_TOKEN }
  }

  /** `npm run SCRIPT -- URL …` with the keys, as the docs have it. */
  async npmRun(script: string, ...args: string[]): Promise<Ended> {
    const env = { ...process.env, INTENT_BUS_CONFIG: '/nonexistent/config.json', ...(await this.secrets()) }
    try {
      const { stdout, stderr } = await run('npm', ['run', '--silent', script, '--', this.url, ...args], {
        cwd: root,
        env,
        maxBuffer: 2 ** 24,
      })
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr || (error as Error).message }
    }
  }

  /** The volumes, containers, networks of this Docker, by name. */
  async list(kind: 'volume' | 'container' | 'network'): Promise<string[]> {
    const all = kind === 'container' ? ['--all'] : []
    const field = kind === 'container' ? '{{.Names}}' : '{{.Name}}'
    const names = (await this.#engine.must(kind, 'ls', ...all, '--format', field)).split('\n')
    // Docker's own.
    return names.filter(name => name !== '' && !['none', 'host', 'bridge'].includes(name)).sort()
  }

  /** Whatever Docker tells about all that is there, and what the containers wrote. */
  async everythingThatDockerShows(): Promise<string> {
    const containers = await this.list('container')
    const images = (await this.#engine.must('image', 'ls', '--quiet', '--no-trunc')).split('\n')
    const volumes = await this.list('volume')
    const shown = [
      await this.#engine.must('inspect', ...containers, ...images, ...volumes),
      ...(await Promise.all(
        images.map(image => this.#engine.must('history', '--no-trunc', '--format', '{{.CreatedBy}}', image)),
      )),
    ]
    for (const container of containers) {
      const { out, err } = await this.#engine.docker('logs', container)
      shown.push(out, err)
    }
    return shown.join('\n')
  }
}

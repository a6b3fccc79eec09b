/** The compose file in a Docker of the tests, in the clone or in a copy of what it needs, which can be edited. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CACHE } from '../../../service/test/support/cache.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { root } from '../../../service/test/support/root.ts'
import { edited } from '../monitoring.ts'
import type { Engine } from './engine.ts'

export const IMAGE = 'intent-bus:latest'

/** What docker-compose.yml mounts from beside it. */
const MOUNTED = ['docker-compose.yml', 'ops/prometheus', 'ops/alertmanager', 'ops/server', 'grafana']

/** Added to the files of compose: a container is known to be healthy after a second. */
export const HEALTHY_SOON = join(import.meta.dirname, 'healthy-soon.yml')

const PORTS = ['BUS', 'PROMETHEUS', 'ALERTMANAGER', 'GRAFANA', 'HTTP', 'HTTPS']

export class Stack {
  readonly engine: Engine
  /** What would stand in .env. */
  readonly env: Record<string, string>
  readonly #folder: string

  private constructor(engine: Engine, folder: string, env: Record<string, string>) {
    this.engine = engine
    this.#folder = folder
    this.env = env
  }

  /** In the clone itself, as it is. Nothing is started yet. */
  static async asItIs(engine: Engine): Promise<Stack> {
    const ports = await Promise.all(PORTS.map(async name => [`${name}_PORT`, `${await freePort()}`]))
    const files = { COMPOSE_FILE: `docker-compose.yml:${HEALTHY_SOON}` }
    return new Stack(engine, root, { ...files, ...Object.fromEntries(ports) })
  }

  /** In a copy. */
  static async copied(engine: Engine): Promise<Stack> {
    const { env } = await Stack.asItIs(engine)
    const folder = mkdtempSync(join(tmpdir(), 'bus-compose-'))
    for (const path of MOUNTED) cpSync(join(root, path), join(folder, path), { recursive: true })
    return new Stack(engine, folder, env)
  }

  get url(): string {
    return this.urlOf('BUS')
  }

  urlOf(service: 'BUS' | 'PROMETHEUS' | 'ALERTMANAGER'): string {
    return `http://127.0.0.1:${this.env[`${service}_PORT`]}`
  }

  /** `docker compose …` there. @throws when it does not end well @returns what it printed */
  compose(...args: string[]): Promise<string> {
    return this.engine.compose(this.#folder, this.env, ...args)
  }

  /** Resolves when they are healthy. */
  up(...services: string[]): Promise<string> {
    return this.compose('up', '-d', '--no-build', '--wait', ...services)
  }

  /** A file of the copy that is not there yet. */
  write(path: string, text: string): void {
    writeFileSync(join(this.#folder, path), text)
  }

  /** Changes what stands in a file of the copy. @throws when it does not stand there */
  edit(path: string, edits: Record<string, string>): void {
    const file = join(this.#folder, path)
    writeFileSync(file, edited(readFileSync(file, 'utf8'), edits))
  }

  /** As ~/.docker/config.json can do it, in a copy: every container that is made from now on gets a proxy, which is not there. */
  behindDeadProxy(): void {
    const config = join(this.#folder, 'docker-config')
    mkdirSync(config)
    symlinkSync(join(CACHE, 'docker/cli-plugins'), join(config, 'cli-plugins'))
    const proxy = 'http://127.0.0.1:9'
    const proxies = { default: { httpProxy: proxy, httpsProxy: proxy } }
    writeFileSync(join(config, 'config.json'), JSON.stringify({ proxies }))
    this.env['DOCKER_CONFIG'] = config
  }

  /** As the smoke suite takes them. */
  async keys() {
    const read = (file: string) =>
      this.compose(
        ...['exec', '-T', 'bus', '/nodejs/bin/node', '-p'],
        `fs.readFileSync('/secrets/${file}', 'utf8').trim()`,
      )
    return {
      BUS_API_KEY: await read('bus/bus-secret'),
      BUS_ADMIN_TOKEN: await read('bus/admin-secret'),
      BUS_METRICS_TOKEN: await read('metrics/bus-metrics-token'),
      DASHBOARD_PASSWORD: await read('bus/dashboard-password'),
    }
  }

  /** With the daemon everything else of it goes. */
  remove(): void {
    if (this.#folder !== root) rmSync(this.#folder, { recursive: true, force: true })
  }
}

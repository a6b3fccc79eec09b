/** Prometheus and Alertmanager as they are shipped, each in a process and a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { freePort } from '../../service/test/support/ports.ts'
import { root } from '../../service/test/support/root.ts'

const shipped = (path: string) => readFileSync(join(root, 'ops', path), 'utf8')

/** Changes what stands there. @throws when it does not */
export function edited(text: string, edits: Record<string, string>): string {
  return Object.entries(edits).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the shipped file has no ${from}`)
    return before.replace(from, to)
  }, text)
}

export type Sample = { metric: Record<string, string>; value: number }

/** A server that is up when `path` answers 200. It ends with the test. */
async function started(command: string, args: string[], url: string, path: string): Promise<void> {
  let said = ''
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise(resolve => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', chunk => {
      said += chunk
    })
  }
  await vi.waitUntil(
    async () => {
      if (child.exitCode !== null) throw new Error(`${command} ended by itself:\n${said}`)
      return (await fetch(url + path).catch(() => undefined))?.status === 200
    },
    { timeout: 60_000, interval: 100 },
  )
}

export type PrometheusOptions = {
  bus: string
  metricsToken: string
  /** Edits of prometheus.yml, beyond where the bus and its token are. */
  edits?: Record<string, string>
  /** Rules besides the shipped ones. */
  moreRules?: string
}

/** @param folder an empty one @returns the path of its configuration */
export function prometheusConfig(folder: string, options: PrometheusOptions): string {
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'ops/prometheus/rules'), join(folder, 'rules'), { recursive: true })
  if (options.moreRules !== undefined) writeFileSync(join(folder, 'rules/more.yml'), options.moreRules)
  const token = join(folder, 'bus-metrics-token')
  writeFileSync(token, `${options.metricsToken}\n`)
  const path = join(folder, 'prometheus.yml')
  const edits = { 'bus:8080': options.bus, '/etc/prometheus/bus-metrics-token': token, ...options.edits }
  writeFileSync(path, edited(shipped('prometheus/prometheus.yml'), edits))
  return path
}

export class Prometheus {
  readonly url: string

  private constructor(url: string) {
    this.url = url
  }

  /** One that runs already. */
  static at(url: string): Prometheus {
    return new Prometheus(url)
  }

  static async start(folder: string, options: PrometheusOptions): Promise<Prometheus> {
    const config = prometheusConfig(folder, options)
    const address = `127.0.0.1:${await freePort()}`
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=${address}`,
    ]
    await started('prometheus', args, `http://${address}`, '/-/ready')
    return new Prometheus(`http://${address}`)
  }

  /** @throws with what Prometheus says about the query */
  async query(expr: string): Promise<Sample[]> {
    const answer = await this.#ask(`query?${new URLSearchParams({ query: expr })}`)
    return (answer['result'] as { metric: Record<string, string>; value: [number, string] }[]).map(
      ({ metric, value }) => ({ metric, value: Number(value[1]) }),
    )
  }

  /** The expression of each alert that it has loaded. */
  async rules(): Promise<{ name: string; query: string }[]> {
    const answer = await this.#ask('rules?type=alert')
    return (answer['groups'] as { rules: { name: string; query: string }[] }[]).flatMap(({ rules }) => rules)
  }

  async #ask(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/api/v1/${path}`)
    const answer = (await response.json()) as { data?: Record<string, unknown>; error?: string }
    if (answer.data === undefined) throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
}

/** @param edits of alertmanager.yml @returns where it listens: `127.0.0.1:PORT` */
export async function startAlertmanager(folder: string, edits: Record<string, string>): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'alertmanager.yml')
  writeFileSync(config, edited(shipped('alertmanager/alertmanager.yml'), edits))
  const address = `127.0.0.1:${await freePort()}`
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'storage')}`,
    `--web.listen-address=${address}`,
    // No other of its kind to talk to.
    '--cluster.listen-address=',
  ]
  await started('prometheus-alertmanager', args, `http://${address}`, '/-/ready')
  return address
}

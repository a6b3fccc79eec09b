/** The bus, the command and the workers of one version, as processes that meet those of another. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Asked, standIns } from '../../../clients/phone/test/handled.ts'
import {
  ADMIN_SECRET,
  type BusProcess,
  busOn,
  MASTER_KEY,
} from '../../../service/test/support/bus-process.ts'
import { freePort } from '../../../service/test/support/ports.ts'

export type Ended = { code: number | null; out: string; err: string }
/** @property json the object or list that came, with fields of any type */
// biome-ignore lint/suspicious/noExplicitAny: two versions answer, and what they say is compared
export type Answer = { status: number; json: any }

/** A bus on a directory that buses of other versions may have had before, one after the other. */
export class VersionedBus {
  readonly #folder = mkdtempSync(join(tmpdir(), 'versions-'))
  #port = 0
  #bus: BusProcess | null = null

  /** Starts the bus of this tree. One that runs is killed as by a power cut, so the next one finds its log. */
  async serve(tree: string): Promise<void> {
    await this.#bus?.kill()
    this.#port ||= await freePort()
    this.#bus = busOn({
      database: join(this.#folder, 'bus.db'),
      port: this.#port,
      launch: join(tree, 'service/launch.js'),
    })
    await this.#bus.serving()
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** A call with the master key, or with another one. @param body JSON text, or what becomes some */
  async call(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(this.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': MASTER_KEY, 'x-admin-token': ADMIN_SECRET, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, json: text === '' ? {} : JSON.parse(text) }
  }

  async remove(): Promise<void> {
    await this.#bus?.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What somebody has installed of one version, on a machine of its own. */
export class Installed {
  readonly #tree: string
  readonly #url: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'installed-'))
  readonly #key: string

  constructor(tree: string, url: string, key = MASTER_KEY) {
    this.#tree = tree
    this.#url = url
    this.#key = key
  }

  /** The `intent-bus` command, with an admin token. */
  command(...args: string[]): Promise<Ended> {
    return this.#run(process.execPath, [join(this.#tree, 'clients/cli/intent-bus.js'), ...args], {
      BUS_ADMIN_TOKEN: ADMIN_SECRET,
    })
  }

  /** The same without an admin token. */
  commandWithKey(...args: string[]): Promise<Ended> {
    return this.#run(process.execPath, [join(this.#tree, 'clients/cli/intent-bus.js'), ...args])
  }

  /** The shell worker. */
  shell(...args: string[]): Promise<Ended> {
    return this.#run('sh', [join(this.#tree, 'ops/workers/worker.sh'), ...args])
  }

  /** The phone's worker, which does one job. @returns what it asked of the phone, too */
  async phone(): Promise<Ended & { asked: Asked[] }> {
    const bin = join(this.#folder, 'bin')
    mkdirSync(bin, { recursive: true })
    const asked = standIns(bin, { 'termux-notification': '' })
    const ended = await this.#run('sh', [join(this.#tree, 'ops/termux/worker.sh'), '--once', '--wait', '0'], {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      PHONE_HOME: this.#folder,
    })
    return { ...ended, asked: asked() }
  }

  #run(program: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
    const child = spawn(program, args, {
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.#folder,
        TMPDIR: this.#folder,
        NO_PROXY: '127.0.0.1',
        BUS_URL: this.#url,
        BUS_API_KEY: this.#key,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [out, err] = ['', '']
    child.stdout.on('data', chunk => {
      out += chunk
    })
    child.stderr.on('data', chunk => {
      err += chunk
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve({ code, out, err }))
    })
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

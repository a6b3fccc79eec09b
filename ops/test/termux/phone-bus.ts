/** The bus on a fake phone, as its owner and its clients meet it. */
import { cpSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { root } from '../../../service/test/support/root.ts'
import { PREFIX } from './packages.ts'
import { type Ended, HOME, type Phone, type Session } from './phone.ts'
import type { Release } from './release.ts'

const BUS = `${HOME}/intent-bus`

export class PhoneBus {
  readonly phone: Phone
  readonly port: number

  constructor(phone: Phone, port: number) {
    this.phone = phone
    this.port = port
    this.put(join(root, 'ops/termux/bootstrap.sh'), 'bootstrap.sh')
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Copies a file of this machine into `$HOME`. */
  put(file: string, name: string): void {
    const to = this.phone.path(`${HOME}/${name}`)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(file, to)
  }

  /** @returns the name in `$HOME` of a release that was copied there */
  bring(release: Release, name: string): string {
    this.put(release.tarball, name)
    this.put(`${release.tarball}.sha256`, `${name}.sha256`)
    return name
  }

  /** The script alone, as it was pasted: it finds nothing beside it. */
  bootstrap(options: string, session: Session = {}): Promise<Ended> {
    return this.phone.run(`bash bootstrap.sh ${options}`, { timeout: 1_200_000, ...session })
  }

  /** A file of the installation, as text. */
  read(name: string): string {
    const path = name.replace(/^current\//, () => `releases/${this.current}/`)
    return readFileSync(this.phone.path(`${BUS}/${path}`), 'utf8')
  }

  /** The name of the release that runs. */
  get current(): string {
    return basename(readlinkSync(this.phone.path(`${BUS}/current`)))
  }

  get log(): string {
    return readFileSync(this.phone.path(`${PREFIX}/var/log/sv/intent-bus/current`), 'utf8')
  }

  /** The process, as the supervisor knows it. */
  async pid(): Promise<number> {
    const said = await this.phone.must('sv status "$PREFIX/var/service/intent-bus"')
    return Number(/^run: .*?\(pid (\d+)\)/.exec(said)?.[1] ?? Number.NaN)
  }

  async version(): Promise<string | null> {
    try {
      const answer = await fetch(`${this.url}/health`)
      return ((await answer.json()) as { version: string }).version
    } catch {
      return null
    }
  }

  /** One that it has made at its first start: `BUS_SECRET`. */
  secret(name: string): string {
    return new RegExp(`^${name}=(.*)$`, 'm').exec(this.read('data/secrets.env'))![1]!
  }

  get key(): string {
    return this.secret('BUS_SECRET')
  }

  async publish(goal: string): Promise<string> {
    const { id } = await this.#ask('/intent', { goal, payload: {} })
    return id as string
  }

  async state(id: string): Promise<unknown> {
    return (await this.#ask(`/status/${id}`))['status']
  }

  async #ask(path: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await fetch(this.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': this.key, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Record<string, unknown>
  }
}

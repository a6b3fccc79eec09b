/** A real bus that comes back on the same port with the same data. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusProcess } from '../../../service/test/support/bus-process.ts'
import { freePort } from '../../../service/test/support/ports.ts'

export class Restartable {
  readonly key = 'master-key-of-the-python-suite'
  readonly admin = 'admin-secret-of-the-python-suite'
  readonly #settings: Record<string, string>
  #folder = ''
  #port = 0
  #bus: BusProcess | null = null

  constructor(settings: Record<string, string>) {
    this.#settings = { BUS_SECRET: this.key, BUS_ADMIN_SECRET: this.admin, ...settings }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** @param settings on top of its own, for this run */
  async start(settings: Record<string, string> = {}): Promise<void> {
    this.#folder ||= mkdtempSync(join(tmpdir(), 'bus-python-'))
    this.#port ||= await freePort()
    this.#bus = new BusProcess(this.#folder, { ...this.#settings, PORT: `${this.#port}`, ...settings })
    await this.#bus.ready()
  }

  /** In order, as a service manager does it. */
  async stop(): Promise<void> {
    this.#bus!.signal('SIGTERM')
    const { code } = await this.#bus!.exited
    if (code !== 0) throw new Error(`the bus ended with ${code}:\n${this.#bus!.err}`)
  }

  async kill(): Promise<void> {
    await this.#bus?.kill()
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

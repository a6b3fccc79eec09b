/** A real bus whose data is on a disk of some MiB, to be filled. */
import { join } from 'node:path'
import { type Answer, Client, call, read } from '../crash/client.ts'
import { type BusProcess, busOn } from '../support/bus-process.ts'
import { freePort } from '../support/ports.ts'
import { SmallDisk } from './small-disk.ts'

export class BusOnSmallDisk {
  readonly disk: SmallDisk
  readonly database: string
  readonly #env: Record<string, string>
  #bus: BusProcess | null = null
  #client: Client | null = null

  constructor(mebibytes: number, env: Record<string, string>) {
    this.disk = new SmallDisk(mebibytes)
    this.database = join(this.disk.path, 'bus.db')
    this.#env = env
  }

  get bus(): BusProcess {
    return this.#bus!
  }

  /** With what is there now. The one before has ended. */
  async start(): Promise<void> {
    this.#client?.close()
    const port = await freePort()
    this.#bus = busOn({ database: this.database, port, env: this.#env })
    this.#client = new Client(port)
  }

  async restarted(how: 'kill' | 'stop'): Promise<void> {
    await this.bus[how]()
    await this.start()
    await this.bus.serving()
  }

  send = async (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    (await this.#client!.send(call(path, body, headers)))!
  get = async (path: string): Promise<Answer> => (await this.#client!.send(read(path)))!

  async remove(): Promise<void> {
    await this.#bus?.kill()
    this.#client?.close()
    this.disk.remove()
  }
}

/** A real registry on this machine, which Debian has as `docker-registry`. Every Docker speaks plain HTTP to one on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../../ops/test/docker/engine.ts'
import { Running } from '../../../ops/test/running.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { freePort } from '../../../service/test/support/ports.ts'

const PROGRAM = 'docker-registry'

/** Why there can be none here, if so. */
export const noRegistry: string | null =
  installed(PROGRAM) === undefined ? `${PROGRAM} is not installed` : null

export class Registry {
  /** What the names of its images begin with. */
  readonly address: string
  readonly #dir = mkdtempSync(join(tmpdir(), 'bus-registry-'))
  readonly #running: Running

  private constructor(port: number) {
    this.address = `127.0.0.1:${port}`
    const config = join(this.#dir, 'config.yml')
    // Which is YAML, too.
    const storage = { filesystem: { rootdirectory: join(this.#dir, 'images') } }
    writeFileSync(config, JSON.stringify({ version: '0.1', storage, http: { addr: this.address } }))
    this.#running = new Running(PROGRAM, ['serve', config])
  }

  /** @throws with the end of its log */
  static async start(): Promise<Registry> {
    const registry = new Registry(await freePort())
    const answers = () =>
      fetch(`http://${registry.address}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    await registry.#running.until(answers)
    return registry
  }

  /** @returns the name by which it is pulled: with its digest, and no tag */
  async push(engine: Engine, image: string): Promise<string> {
    const repository = `${this.address}/intent-bus`
    await engine.must('tag', image, repository)
    const said = await engine.must('push', repository)
    await engine.must('image', 'rm', repository)
    return `${repository}@${said.match(/digest: (sha256:[\da-f]{64})/)![1]}`
  }

  async stop(): Promise<void> {
    await this.#running.stop()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

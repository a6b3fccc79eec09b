import { type ChildProcess, spawn } from 'node:child_process'
import { PATIENCE_MS } from '../../service/test/support/patience.ts'

/** A program that somebody else wrote, as a child that ends when it is told to. */
export class Running {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #said = ''

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', chunk => {
        this.#said = (this.#said + chunk).slice(-4000)
      })
    }
    this.#ended = new Promise(resolve => {
      this.#child.on('error', error => {
        this.#said += error.message
        resolve()
      })
      this.#child.on('close', () => resolve())
    })
  }

  /** @throws with the end of its log when it has ended, or `is` has not come true in {@link PATIENCE_MS} */
  async until(is: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!(await is())) {
      if (this.#child.exitCode !== null) throw new Error(this.#said)
      if (performance.now() > deadline)
        throw new Error(`timed out after ${PATIENCE_MS / 1000} s: ${this.#said}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}

import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from './send.ts'

const EVERY_MS = 50

/** Asks for `/health` all the time. How long that takes is told, not judged: the machine has other work too. */
export class HealthProbe {
  longestMs = 0
  asked = 0
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #stopped = false

  constructor(base: string) {
    void this.#ask(base)
  }

  stop(): void {
    this.#stopped = true
    this.#agent.destroy()
  }

  async #ask(base: string): Promise<void> {
    const sent = { id: 'health', method: 'GET', url: '/health', headers: [], body: null, chunked: false }
    while (!this.#stopped) {
      const { ms } = await send(base, this.#agent, sent)
      if (this.#stopped) return
      this.asked += 1
      this.longestMs = Math.max(this.longestMs, ms)
      await sleep(EVERY_MS)
    }
  }
}

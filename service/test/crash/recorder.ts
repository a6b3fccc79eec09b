import type { Answer, Call, Client } from './client.ts'
import type { Outcome, Seen } from './history.ts'

/** Opened while the bus serves, closed when it was killed: who wants to send waits here. */
class Gate {
  #opened = Promise.withResolvers<void>()

  get opened(): Promise<void> {
    return this.#opened.promise
  }

  open(): void {
    this.#opened.resolve()
  }

  close(): void {
    this.#opened = Promise.withResolvers<void>()
  }
}

export type Reply = { answer: Answer | null; span: { sentAt: number; answeredAt: number } }

/** Sends, and keeps what was seen. Answers that no client should ever get are kept apart. */
export class Recorder {
  readonly gate = new Gate()
  readonly seen: Seen[] = []
  readonly surprises: string[] = []
  /** Which life of the bus this is; a new one begins with each restart. */
  life = 0
  requests = 0
  unknown = 0
  over = false
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async send(call: Call): Promise<Reply> {
    await this.gate.opened
    const sentAt = performance.now()
    const answer = await this.#client.send(call)
    this.requests += 1
    if (answer === null) this.unknown += 1
    return { answer, span: { sentAt, answeredAt: performance.now() } }
  }

  /** @param refusals the statuses that are a plain no */
  outcome(call: Call, answer: Answer | null, refusals: number[] = []): Outcome {
    if (answer === null) return 'unknown'
    if (answer.status === 200 || answer.status === 201) return 'ok'
    if (!refusals.includes(answer.status)) {
      this.surprises.push(`${call.method} ${call.path}: ${answer.status} ${answer.text}`)
    }
    return 'refused'
  }
}

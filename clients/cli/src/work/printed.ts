import type { Readable } from 'node:stream'
import { textOf } from '../text.ts'

/** The bus takes results of 64 KiB unless it is told otherwise; what is far beyond need not be held. */
const MOST_BYTES = 4 * 1024 * 1024

/** What a command prints. */
export class Printed {
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(stdout: Readable) {
    stdout.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
      if (this.#bytes <= MOST_BYTES) this.#chunks.push(chunk)
    })
  }

  /** @returns it without the last line break @throws {Error} when it cannot be a result */
  text(): string {
    if (this.#bytes > MOST_BYTES)
      throw new Error(`It printed ${this.#bytes} bytes, which is too much for a result.`)
    const bytes = Buffer.concat(this.#chunks)
    const nul = bytes.indexOf(0)
    if (nul !== -1)
      throw new Error(
        `The command printed a NUL (byte ${nul + 1} of ${bytes.length}), which no result can hold. Is it binary? Print it as base64.`,
      )
    return textOf(bytes, 'The command printed').replace(/\r?\n$/, '')
  }
}

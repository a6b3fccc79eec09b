import { timingSafeEqual } from 'node:crypto'
import { digestBytes } from '../digest.ts'

/**
 * Compares what a client sent with a secret, in time that tells nothing about the secret: digests have one length, and
 * are compared byte by byte to the end.
 */
export class Secret {
  readonly #digest: Buffer

  constructor(secret: string) {
    this.#digest = digestBytes(secret)
  }

  equals(offered: string): boolean {
    return timingSafeEqual(digestBytes(offered), this.#digest)
  }
}

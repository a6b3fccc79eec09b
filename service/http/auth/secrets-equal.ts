import { hash, timingSafeEqual } from 'node:crypto'

export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/**
 * Compares what a client sent with a secret, in time that tells nothing about the secret: digests have one length, and
 * are compared byte by byte to the end.
 */
export class Secret {
  readonly #digest: Buffer

  constructor(secret: string) {
    this.#digest = sha256(secret)
  }

  equals(offered: string): boolean {
    return this.matches(sha256(offered))
  }

  /** @param digest SHA-256 of what was offered */
  matches(digest: Buffer): boolean {
    return timingSafeEqual(digest, this.#digest)
  }
}

import { timingSafeEqual } from 'node:crypto'
import { digestBytes } from '../digest.ts'

/** From this length on a secret is not guessed, however often somebody tries; those the bus makes are at least this long. */
const BEYOND_GUESSING_CHARS = 24

export const isGuessable = (secret: string): boolean => secret.length < BEYOND_GUESSING_CHARS

/**
 * Compares what a client sent with a secret, in time that tells nothing about the secret: digests have one length, and
 * are compared byte by byte to the end.
 */
export class Secret {
  readonly #digest: Buffer
  readonly #right: 'granted' | 'guessable'

  constructor(secret: string) {
    this.#digest = digestBytes(secret)
    this.#right = isGuessable(secret) ? 'guessable' : 'granted'
  }

  judge(offered: string): 'granted' | 'guessable' | 'wrong' {
    return timingSafeEqual(digestBytes(offered), this.#digest) ? this.#right : 'wrong'
  }
}

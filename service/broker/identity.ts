import { randomBytes } from 'node:crypto'

/** Where ids, tokens and jitter come from; a test brings its own. */
export interface Chance {
  /** Uniform in [0, 1). */
  uniform(): number
  /** 32 lowercase hex characters, 128 random bits. */
  token(): string
  /** 32 lowercase hex characters that sort by the time they were made: a UUIDv7 (RFC 9562) without its dashes. */
  id(now: number): string
}

const HEX = '0123456789abcdef'
const POOL_BYTES = 16_384

/** Random bytes drawn in bulk: a call to the system's generator costs 4 us for 2 bytes and 6 us for 16 KiB. */
export function systemChance(): Chance {
  let pool = ''
  let used = 0
  const hex = (bytes: number): string => {
    if (used + 2 * bytes > pool.length) {
      pool = randomBytes(POOL_BYTES).toString('hex')
      used = 0
    }
    used += 2 * bytes
    return pool.slice(used - 2 * bytes, used)
  }

  let lastMs = 0
  // Of the 48 bits of the time, and the version behind them: once for all ids of a millisecond.
  let stamp = ''
  const at = (ms: number) => {
    lastMs = ms
    stamp = `${ms.toString(16).padStart(12, '0')}7`
  }
  // RFC 9562's method 1 (6.2): a counter in rand_a keeps the ids of one millisecond in order; its start is random.
  let counter = 0
  return {
    uniform: Math.random,
    token: () => hex(16),
    id(now) {
      if (now > lastMs) {
        at(now)
        counter = Number.parseInt(hex(2), 16) & 0x7ff
      } else if (counter === 0xfff) {
        at(lastMs + 1)
        counter = 0
      } else {
        counter += 1
      }
      const random = hex(8)
      const variant = '89ab'[Number.parseInt(random[0]!, 16) & 0x3]!
      return (
        stamp +
        HEX[counter >> 8]! +
        HEX[(counter >> 4) & 0xf]! +
        HEX[counter & 0xf]! +
        variant +
        random.slice(1)
      )
    },
  }
}

/** The bounds of a number that is brought into range, never refused, as its schema states them. */
export type Bounds = { type: 'integer' | 'number'; minimum: number; maximum: number; default: number }

/** What a number looks like as text, to Python's `int()` and `float()`; `0x10` and `1_000` are not among it. */
const NUMERAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i

/**
 * Reads a number as the protocol does: `"7"` is 7, `3.9` is 3 where whole numbers are asked for, too small or too large
 * becomes the nearest that fits. What is no finite number (`"abc"`, `null`, `1e999`) becomes the default.
 */
export function clamp(value: unknown, bounds: Bounds): number {
  const number = numberOf(value)
  if (number === null) return bounds.default
  const whole = bounds.type === 'integer' ? Math.trunc(number) : number
  // `+ 0` turns -0, which `Math.trunc(-0.5)` makes, into 0.
  return Math.min(bounds.maximum, Math.max(bounds.minimum, whole)) + 0
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' ? numeral(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** @returns `null` when the text is no number */
export function numeral(text: string): number | null {
  return NUMERAL.test(text) ? Number(text) : null
}

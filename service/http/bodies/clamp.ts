/** The bounds of a number that is brought into range, never refused, as its schema states them. */
export type Bounds = { type: 'integer' | 'number'; minimum: number; maximum: number; default: number }

/**
 * What a number looks like as text, to Python's `int()` and `float()`; `0x10` and `1_000` are not among it. Each
 * character can be read in one way only, so that a text that is no number after all costs one run over it.
 */
const NUMERAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/** A finite number has at most 309 digits before its point; longer texts than this are not looked at. */
const LONGEST_NUMERAL = 400

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

/** White space around the number is passed over, however much. @returns `null` when the text is no number */
export function numeral(text: string): number | null {
  const trimmed = text.trim()
  return trimmed.length <= LONGEST_NUMERAL && NUMERAL.test(trimmed) ? Number(trimmed) : null
}

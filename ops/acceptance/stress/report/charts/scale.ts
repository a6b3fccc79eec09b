/** Where a value stands on an axis, and which values are written at it. */

export type Scale = { at(value: number): number; ticks: number[] }

/** From nought to a round number at or above `most`, in some five steps. */
export function linear(most: number, from: number, to: number, steps = 4): Scale {
  const step = niceStep((most || 1) / steps)
  const end = Math.max(step, Math.ceil(most / step - 1e-9) * step)
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) =>
    Number((i * step).toPrecision(6)),
  )
  return { at: value => from + (value / end) * (to - from), ticks }
}

/** Of time: it ends where the run does. */
export function seconds(end: number, from: number, to: number): Scale {
  const step = niceStep(end / 5)
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) =>
    Number((i * step).toPrecision(6)),
  )
  return { at: value => from + (Math.min(value, end) / end) * (to - from), ticks }
}

/**
 * By powers of ten, between values of 1, 2 or 5 of them. Where there is room each of these is written, else whole
 * powers alone. @param least > 0
 */
export function logarithmic(least: number, most: number, from: number, to: number): Scale {
  const steps = [1, 2, 5].flatMap(digit => Array.from({ length: 16 }, (_, i) => digit * 10 ** (i - 6)))
  const inOrder = steps.toSorted((a, b) => a - b)
  const low = inOrder.findLast(step => step <= least * 1.001) ?? inOrder[0]!
  const high = inOrder.find(step => step > low && step >= most * 0.999) ?? inOrder.at(-1)!
  const between = inOrder.filter(step => step >= low && step <= high)
  const whole = between.filter(step => Number.isInteger(Math.round(Math.log10(step) * 1e6) / 1e6))
  const span = Math.log(high / low)
  const at = (value: number) => from + (Math.log(Math.max(value, low) / low) / span) * (to - from)
  return { at, ticks: between.length <= 6 ? between : whole }
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 2.5, 5, 10].find(each => each * power >= rough * 0.999) ?? 10
  return factor * power
}
